import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import Docker from 'dockerode';
import { tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { send } from '../support/send.ts';

/** The classic builder with the clients that use it. */

const engine = useEngine();
const hasDocker = CLIS.includes('docker') ? false : 'no docker CLI on this machine';

function folderWith(files: Readonly<Record<string, string>>): string & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-build-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return Object.assign(folder, { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) });
}

/** Posts a build. Returns the text of its progress, with messages that are none as JSON. */
async function post(files: Readonly<Record<string, string>>, query = ''): Promise<string> {
  const archive = tarArchive(Object.entries(files).map(([name, content]) => ({ name, content })));
  return await postArchive(archive, query);
}

async function postArchive(archive: Buffer, query = ''): Promise<string> {
  const answer = await send(engine().socketPath, 'POST', `/build?nocache=1&${query}`, archive);
  const lines = (answer?.body ?? '').trim().split(/\r?\n/);
  return lines.map((line) => (JSON.parse(line) as { stream?: string }).stream ?? line).join('');
}

const noContainers = async (): Promise<void> => {
  const { body } = await engine().api('GET', '/containers/json?all=1');
  assert.deepEqual(JSON.parse(body), []);
};

const contexts = (): readonly string[] => readdirSync(join(engine().dataRoot, 'build/classic'));

test('docker build without BuildKit: a Dockerfile becomes an image that runs, and the cache serves a rebuild', {
  skip: hasDocker,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-build-'));
  const name = unique('built');
  try {
    writeFileSync(
      join(folder, 'Dockerfile'),
      'FROM busybox\nARG WHO\nRUN echo hello $WHO > /greeting\nCOPY file /data/\nCMD cat /greeting /data/file\n',
    );
    writeFileSync(join(folder, 'file'), 'content\n');
    const env = { DOCKER_BUILDKIT: '0' };
    const build = () => engine().docker(['build', '-t', name, '--build-arg', 'WHO=you', folder], { env });
    const first = await build();
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /Successfully tagged /);
    assert.equal(await engine().ok('docker', ['run', '--rm', name]), 'hello you\ncontent');
    const again = await build();
    assert.equal(again.stdout.match(/---> Using cache/g)?.length, 4);
    assert.doesNotMatch(again.stdout, /Running in/);
    writeFileSync(join(folder, 'file'), 'changed\n');
    const changed = await build();
    assert.equal(changed.stdout.match(/---> Using cache/g)?.length, 2);
    assert.equal(await engine().ok('docker', ['run', '--rm', name]), 'hello you\nchanged');
    writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nRUN exit 7\n');
    const failed = await engine().docker(['build', '--force-rm', folder], { env });
    assert.equal(failed.code, 7);
    assert.match(failed.stderr, /The command '\/bin\/sh -c exit 7' returned a non-zero code: 7/);
  } finally {
    rmSync(folder, { recursive: true });
  }
  await noContainers();
  assert.deepEqual(contexts(), []);
});

test('dockerode builds from an archive', async () => {
  const docker = new Docker({ socketPath: engine().socketPath });
  const name = unique('dockerode');
  const archive = tarArchive([
    { name: 'Dockerfile', content: 'FROM busybox\nCOPY a /a\nRUN cat /a' },
    { name: 'a', content: 'from the archive\n' },
  ]);
  const stream = await docker.buildImage(Readable.from([archive]) as NodeJS.ReadableStream, { t: name });
  const lines = await new Promise<readonly { stream?: string; aux?: { ID: string } }[]>((resolve, reject) =>
    docker.modem.followProgress(stream, (error, output) => (error === null ? resolve(output) : reject(error))),
  );
  assert.ok(lines.some(({ stream: text }) => text === 'from the archive\n'));
  const id = lines.find(({ aux }) => aux !== undefined)?.aux?.ID;
  assert.equal((await docker.getImage(name).inspect()).Id, id);
});

test('docker-py builds, and its errors have the log of the build', async (t) => {
  if ((await command('python3', ['-c', 'import docker']).catch(() => undefined))?.code !== 0) {
    return t.skip('docker-py is not installed');
  }
  const script = `
import docker, io
client = docker.DockerClient(base_url='${engine().host}')
image, logs = client.images.build(fileobj=io.BytesIO(b'FROM busybox\\nRUN echo from python\\n'), tag='${unique('py')}', rm=True)
print(any('from python' in line.get('stream', '') for line in logs), image.id.startswith('sha256:'))
try:
    client.images.build(fileobj=io.BytesIO(b'FROM busybox\\nRUN exit 4\\n'), forcerm=True)
except docker.errors.BuildError as error:
    print(error.msg)
`;
  const { stdout, stderr } = await command('python3', ['-c', script]);
  assert.deepEqual(
    stdout.trim().split('\n'),
    ['True True', "The command '/bin/sh -c exit 4' returned a non-zero code: 4"],
    stderr,
  );
});

test('docker-compose 1.29 builds and runs a service', async (t) => {
  if ((await command('docker-compose', ['version', '--short']).catch(() => undefined))?.code !== 0) {
    return t.skip('no docker-compose is installed');
  }
  using folder = folderWith({
    'docker-compose.yml':
      'version: "3"\nservices:\n  web:\n    build:\n      context: .\n      args: {A: "1"}\n    command: cat /built\n    network_mode: none\n',
    Dockerfile: 'FROM busybox\nARG A\nRUN echo built with $A > /built\n',
  });
  const project = unique('classic');
  const env = { DOCKER_HOST: engine().host, DOCKER_CONFIG: `${folder}`, COMPOSE_DOCKER_CLI_BUILD: '0' };
  const run = (...args: string[]) =>
    command('docker-compose', ['-p', project, '-f', join(`${folder}`, 'docker-compose.yml'), ...args], { env });
  const built = await run('build');
  assert.equal(built.code, 0, built.stderr);
  assert.match(built.stdout, /Successfully built/);
  const { stdout, stderr } = await run('run', '--rm', 'web');
  assert.match(stdout, /built with 1/, stderr);
  await run('down');
});

test('a client that leaves stops its step, whose container is removed', async () => {
  const archive = tarArchive([{ name: 'Dockerfile', content: 'FROM busybox\nRUN sleep 1000' }]);
  const leaving = new AbortController();
  const socketPath = engine().socketPath;
  const docker = new Docker({ socketPath });
  const stream = await docker.buildImage(Readable.from([archive]) as NodeJS.ReadableStream, {
    abortSignal: leaving.signal,
  });
  stream.on('error', () => {});
  stream.resume();
  await eventually(async () => {
    const list = JSON.parse((await engine().api('GET', '/containers/json')).body) as readonly object[];
    assert.equal(list.length, 1);
  });
  leaving.abort();
  (stream as Readable).destroy();
  await eventually(noContainers);
  await eventually(async () => assert.deepEqual(contexts(), []));
});

test('a build that is cancelled by its id is told, and its container is removed', async () => {
  const files = { Dockerfile: 'FROM busybox\nRUN sleep 1000' };
  const building = post(files, 'buildid=cancelled-one');
  await eventually(async () => {
    const list = JSON.parse((await engine().api('GET', '/containers/json')).body) as readonly object[];
    assert.equal(list.length, 1);
  });
  await engine().api('POST', '/build/cancel?id=another-one');
  await engine().api('POST', '/build/cancel?id=cancelled-one');
  assert.match(await building, /"error":"Build cancelled"/);
  await noContainers();
});

test('nothing is left of a build whose daemon was killed', async () => {
  const archive = tarArchive([{ name: 'Dockerfile', content: 'FROM busybox\nVOLUME /v\nRUN sleep 1000' }]);
  const docker = new Docker({ socketPath: engine().socketPath });
  const stream = await docker.buildImage(Readable.from([archive]) as NodeJS.ReadableStream, {});
  stream.on('error', () => {});
  stream.resume();
  await eventually(async () => {
    const list = JSON.parse((await engine().api('GET', '/containers/json')).body) as readonly object[];
    assert.equal(list.length, 1);
  });
  assert.equal(contexts().length, 1);
  await engine().stop('SIGKILL');
  await engine().start();
  await eventually(noContainers);
  assert.deepEqual(contexts(), []);
  const { body } = await engine().api('GET', '/volumes');
  assert.deepEqual((JSON.parse(body) as { Volumes: unknown[] }).Volumes ?? [], []);
});

test('a container that a build keeps outlives the daemon, and starts', async () => {
  await post({ Dockerfile: 'FROM busybox\nRUN echo kept > /f; exit 1' });
  await engine().stop('SIGKILL');
  await engine().start();
  const [kept] = JSON.parse((await engine().api('GET', '/containers/json?all=1')).body) as readonly { Id: string }[];
  assert.ok(kept !== undefined);
  assert.equal((await engine().api('POST', `/containers/${kept.Id}/start`)).status, 204);
  await engine().api('DELETE', `/containers/${kept.Id}?force=1`);
});

test('ADD unpacks archives and keeps their owners, and downloads without unpacking', async () => {
  const inner = tarArchive([{ name: 'inner/file', content: 'x\n', uid: 7, gid: 8, mode: 0o640 }]);
  const server = createServer((_request, response) => response.end(inner));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/remote.tar`;
  try {
    const archive = tarArchive([
      {
        name: 'Dockerfile',
        content: `FROM busybox\nADD a.tar plain /x/\nADD ${url} /y/\nRUN stat -c "%n %u:%g %a" /x/* /x/inner/file /y/*`,
      },
      { name: 'a.tar', content: inner, uid: 5 },
      { name: 'plain', content: 'p', uid: 5 },
    ]);
    const text = await postArchive(archive);
    assert.match(text, /^\/x\/inner\/file 7:8 640$/m);
    assert.match(text, /^\/x\/plain 0:0 644$/m);
    assert.match(text, /^\/y\/remote\.tar 0:0 600$/m);
  } finally {
    server.close();
  }
});

test('a context may be an archive or a Dockerfile at a URL, or a git repository', async () => {
  const archive = tarArchive([{ name: 'Dockerfile', content: 'FROM busybox\nRUN echo from an archive' }]);
  const server = createServer((request, response) =>
    response.end(request.url === '/archive' ? archive : 'FROM busybox\nRUN echo from a Dockerfile\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    assert.match(await postArchive(Buffer.alloc(0), `remote=${url}/archive`), /^from an archive$/m);
    assert.match(await postArchive(Buffer.alloc(0), `remote=${url}/Dockerfile`), /^from a Dockerfile$/m);
    assert.match(
      await postArchive(Buffer.alloc(0), 'remote=git://127.0.0.1:1/x.git'),
      /error fetching: .*exit status 128/s,
    );
  } finally {
    server.close();
  }
});

test('hostile contexts change nothing outside, and are clear errors', async () => {
  const dockerfile = { name: 'Dockerfile', content: 'FROM busybox\nCOPY secret /x\nRUN cat /x' };
  const outside = join(tmpdir(), unique('gantry-outside'));
  for (const entries of [
    [dockerfile, { name: `../../../../../..${outside}`, content: 'x' }],
    [
      dockerfile,
      { name: 'l', type: 'symlink' as const, target: tmpdir() },
      { name: `l/${outside.split('/').at(-1)}`, content: 'x' },
    ],
    [dockerfile, { name: 'secret', type: 'symlink' as const, target: '/etc/hostname' }],
    [dockerfile, { name: 'secret', type: 'link' as const, target: '../../../etc/passwd' }],
    [{ name: 'Dockerfile', type: 'symlink' as const, target: '/etc/passwd' }],
  ]) {
    const text = await postArchive(tarArchive(entries));
    assert.doesNotMatch(text, /Successfully built|root:x/);
    assert.ok(!existsSync(outside));
  }
  await noContainers();
  assert.deepEqual(contexts(), []);
});
