import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CommandResult, command } from '../support/command.ts';
import { unique, useEngine } from '../support/fixture.ts';

// `gantry build` against our engine: our client's half of BuildKit's protocol.
const engine = useEngine();

interface Given {
  readonly input?: Buffer | string;
  readonly env?: Readonly<Record<string, string>>;
}

async function gantry(args: readonly string[], options: Given = {}): Promise<CommandResult> {
  return await engine().gantry(args, options);
}

/** Builds, and returns all that was printed. */
async function build(args: readonly string[], given: Given = {}): Promise<string> {
  const { code, stdout, stderr } = await gantry(['build', ...args], given);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout + stderr;
}

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-cli-build-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');

test('an image is built, tagged, found in the cache, and runs', async (t) => {
  const tag = unique('cli-built');
  const context = folder(t, {
    Dockerfile: `FROM busybox\nCOPY a /a\nRUN echo ${tag} >> /a\nCMD ["cat", "/a"]\n`,
    a: 'one\n',
  });
  const ids = folder(t);
  const first = await build(['-t', tag, '--iidfile', join(ids, 'id'), '--metadata-file', join(ids, 'meta'), context]);
  assert.match(first, /^#\d+ \[2\/3\] COPY a \/a$/m);
  assert.match(first, /^#\d+ DONE \d+\.\ds$/m);
  const { stdout } = await gantry(['run', '--rm', tag]);
  assert.equal(stdout, `one\n${tag}\n`);
  assert.match(await build(['-t', tag, context]), /^#\d+ CACHED$/m);
  const quiet = await gantry(['build', '-q', context]);
  assert.equal(quiet.stdout.trim(), read(ids, 'id'));
  assert.equal(quiet.stderr, '');
  assert.equal(JSON.parse(read(ids, 'meta'))['image.name'], `docker.io/library/${tag}:latest`);
  await gantry(['rmi', '-f', tag]);
});

test('a failed step shows its last lines, its place in the Dockerfile and its exit code', async (t) => {
  const context = folder(t, { Dockerfile: 'FROM busybox\n\n# broken\nRUN echo out; echo err >&2; exit 7\nRUN true\n' });
  const { code, stderr } = await gantry(['build', context]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /------\n > \[2\/3\] RUN echo out; echo err >&2; exit 7:\n\d\.\d{3} out\n\d\.\d{3} err\n------\n/,
  );
  assert.match(stderr, /Dockerfile:4\n-{20}\n {3}2 \| {5}\n {3}3 \| {5}# broken\n {3}4 \| >>> RUN echo out/);
  assert.match(
    stderr,
    /\nERROR: failed to build: failed to solve: process "\/bin\/sh -c echo out; echo err >&2; exit 7" did not complete successfully: exit code: 7\n$/,
  );
});

test('the result goes to a directory, to an archive and to standard output', async (t) => {
  const files = { Dockerfile: 'FROM scratch\nCOPY . /\n', '.dockerignore': 'Dockerfile\n.dockerignore\nskip\n' };
  const context = folder(t, { ...files, 'd/f': 'text', skip: 'x' });
  symlinkSync('d/f', join(context, 'link'));
  const out = folder(t, { kept: 'k' });
  await build(['-o', out, context]);
  assert.equal(read(out, 'link'), 'text');
  assert.ok(lstatSync(join(out, 'link')).isSymbolicLink());
  assert.equal(existsSync(join(out, 'skip')), false);
  assert.equal(read(out, 'kept'), 'k');
  await build(['-o', `type=tar,dest=${join(out, 'x.tar')}`, context]);
  const { stdout: names } = await command('tar', ['-tf', join(out, 'x.tar')]);
  assert.match(names, /^d\/f$/m);
  const { stdout } = await gantry(['build', '-o', '-', context]);
  assert.ok(stdout.includes('text'));
});

test('images go into an OCI layout, beside those of other names', async (t) => {
  const context = folder(t, { Dockerfile: 'FROM scratch\nARG WORD=first\nLABEL word=$WORD\nCOPY f /\n', f: 'text' });
  const layout = join(folder(t), 'layout');
  const output = ['--provenance=false', '-o', `type=oci,tar=false,dest=${layout}`];
  await build([...output, '-t', 'app:1', context]);
  await build([...output, '-t', 'app:2', '--build-arg', 'WORD=second', context]);
  await build([...output, '-t', 'app:1', '--build-arg', 'WORD=third', context]);
  const { manifests } = JSON.parse(read(layout, 'index.json')) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  const words = manifests.map(({ digest, annotations }) => {
    const blob = (name: string) => JSON.parse(read(layout, 'blobs/sha256', name.slice(7)));
    const { config } = blob(digest);
    return [annotations['io.containerd.image.name'], blob(config.digest).config.Labels.word];
  });
  assert.deepEqual(words, [
    ['docker.io/library/app:2', 'second'],
    ['docker.io/library/app:1', 'third'],
  ]);
  assert.deepEqual(JSON.parse(read(layout, 'oci-layout')), { imageLayoutVersion: '1.0.0' });
  assert.deepEqual(readdirSync(join(layout, 'ingest')), []);
});

test("the client's proxies are arguments of builds, unless a flag gives others", async (t) => {
  const dockerfile =
    'FROM busybox AS s\nRUN echo "$HTTP_PROXY $http_proxy $https_proxy $no_proxy" > /r\nFROM scratch\nCOPY --from=s /r /\n';
  const context = folder(t, { Dockerfile: dockerfile });
  const proxies = {
    default: { httpProxy: 'http://one:1', httpsProxy: 'http://two:2', noProxy: 'local' },
    'tcp://other:1': { httpProxy: 'http://two' },
  };
  const config = folder(t, { 'config.json': JSON.stringify({ proxies }) });
  const out = folder(t);
  const mine = ['--build-arg', 'http_proxy=http://mine', '--build-arg', 'HTTP_PROXY=http://mine'];
  await build([...mine, '-o', out, context], { env: { DOCKER_CONFIG: config } });
  assert.equal(read(out, 'r'), 'http://mine http://mine http://two:2 local\n');
});

test('a context is a directory, an archive or a Dockerfile on standard input', async (t) => {
  const context = folder(t, { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'tar' });
  const out = folder(t);
  const { stdout: archive } = await command('tar', ['-C', context, '-c', '.']);
  await build(['-o', out, '-'], { input: archive });
  assert.equal(read(out, 'a'), 'tar');
  await build(['-f', '-', '-o', out, context], { input: 'FROM scratch\nCOPY a /b\n' });
  assert.equal(read(out, 'b'), 'tar');
  await build(['-o', out, '-'], {
    input: 'FROM busybox AS x\nCOPY . /all/\nRUN ls /all | wc -l > /c\nFROM scratch\nCOPY --from=x /c /\n',
  });
  assert.equal(read(out, 'c'), '0\n');
});

test('arguments, labels, secrets, named contexts and stages reach the build', async (t) => {
  const dockerfile = [
    'FROM busybox AS first',
    'ARG A=unset',
    'ARG B',
    'RUN --mount=type=secret,id=s --mount=type=secret,id=e,env=E echo "$A $B $(cat /run/secrets/s) $E" > /r',
    'FROM scratch AS wanted',
    'COPY --from=first /r /',
    'COPY --from=other f /',
    'FROM busybox',
    'RUN false',
  ].join('\n');
  const context = folder(t, { 'sub/Other': dockerfile });
  const other = folder(t, { f: 'named', secret: 'hush' });
  const out = folder(t);
  await build(
    [
      ...['-f', join(context, 'sub/Other'), '--target', 'wanted', '--build-arg', 'A=1', '--build-arg', 'B'],
      ...['--secret', `id=s,src=${join(other, 'secret')}`, '--secret', 'id=e,env=SECRET_E'],
      ...['--build-context', `other=${other}`, '-o', out, context],
    ],
    { env: { B: '2', SECRET_E: 'hush2' } },
  );
  assert.equal(read(out, 'r'), '1 2 hush hush2\n');
  assert.equal(read(out, 'f'), 'named');
});

test('a copied symlink brings what it leads to', async (t) => {
  const context = folder(t, {
    Dockerfile: 'FROM scratch\nCOPY in/*.txt /\nCOPY l /x\n',
    'in/a.txt': 'a',
    'in/b': 'b',
    t: 'target',
  });
  symlinkSync('t', join(context, 'l'));
  const out = folder(t);
  await build(['-o', out, context]);
  assert.equal(read(out, 'a.txt'), 'a');
  assert.equal(existsSync(join(out, 'b')), false);
  assert.equal(read(out, 'x'), 'target');
});

test('a check lists its warnings, and questions are answered', async (t) => {
  const context = folder(t, { Dockerfile: 'FROM scratch AS One\nMAINTAINER me\n' });
  const { code, stdout } = await gantry(['build', '--check', context]);
  assert.equal(code, 1);
  assert.match(stdout, /^Check complete, 2 warnings have been found!\n\nWARNING: \w+ - https:/);
  assert.match(stdout, /\n {3}2 \| >>> MAINTAINER me\n/);
  assert.match((await gantry(['build', '--call', 'targets', context])).stdout, /TARGET/);
  assert.match(await build([context]), /2 warnings found \(use --debug to expand\):\n - /);
});

test('raw progress is JSON of the protocol', async (t) => {
  const context = folder(t, { Dockerfile: `FROM busybox\nRUN echo ${unique('raw')}\n` });
  const lines = (await build(['--progress', 'rawjson', context]))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const names = lines.flatMap(({ vertexes = [] }) => vertexes.map(({ name }: { name: string }) => name));
  assert.ok(names.some((name: string) => name.startsWith('[2/2] RUN')));
});

test('what is not served is refused by name', async (t) => {
  const context = folder(t, { Dockerfile: 'FROM scratch\n' });
  for (const flag of ['--policy=x', '--resource=x', '--builder=x', '--cache-to=type=s3,bucket=x', '--network=bridge']) {
    const { code, stderr } = await gantry(['build', flag, context]);
    assert.equal(code, 1, flag);
    assert.match(stderr, /policy|resource|builder|cache exporter|network/);
  }
  const { code, stderr } = await gantry(['build', join(context, 'nowhere')]);
  assert.deepEqual([code, /path ".*nowhere" not found/.test(stderr)], [1, true]);
});

test('the cache and the history are listed and removed', async (t) => {
  const context = folder(t, { Dockerfile: `FROM busybox\nRUN echo ${unique('kept')}\n` });
  await build([context]);
  const list = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await gantry(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  assert.match(await list('buildx', 'du'), /^ID +RECLAIMABLE +SIZE +LAST ACCESSED\n[\s\S]*\nTotal:\t\t/);
  assert.match(await list('builder', 'prune', '-f', '--filter', 'type=regular'), /^Total reclaimed space: /m);
  const [ref = ''] = (await list('buildx', 'history', 'ls', '--format', '{{.Ref}}')).split('\n');
  assert.match((await gantry(['buildx', 'history', 'logs', ref])).stderr, /\[2\/2\] RUN echo kept/);
  await list('buildx', 'history', 'rm', ref);
  assert.ok(!(await list('buildx', 'history', 'ls')).includes(ref));
  assert.match(await list('buildx', 'ls'), /^default\* +docker/m);
  assert.match(await list('buildx', 'inspect'), /^Platforms: +linux\//m);
});

test('an interrupt ends the build and its step', async (t) => {
  const context = folder(t, { Dockerfile: 'FROM busybox\nRUN echo started; sleep 1000\n' });
  const child = spawn('bin/gantry', ['build', '--progress=plain', context], {
    cwd: new URL('../..', import.meta.url),
    env: { ...process.env, DOCKER_HOST: `unix://${engine().socketPath}` },
  });
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (/started\n$/.test(printed)) child.kill('SIGINT');
  });
  const [code] = await once(child, 'exit');
  assert.equal(code, 130, printed);
  assert.match(printed, /\nERROR: failed to build: failed to solve: Canceled: context canceled\n$/);
});
