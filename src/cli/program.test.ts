import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in a process of its own, with the given engine only. */
async function gantry(argv: readonly string[], host = 'unix:///nowhere/engine.sock'): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nowhere', DOCKER_HOST: host },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

test('an engine that is not running: exit code 1 and what to do', async () => {
  const { code, out, err } = await gantry(['ps']);
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(
    err,
    /Cannot connect to the Docker daemon at unix:\/\/\/nowhere\/engine\.sock\. Is the docker daemon running\?/,
  );
});

test('wrong usage: 125 for flags, 1 for arguments and unknown commands', async () => {
  const [flags, args, unknown] = await Promise.all([gantry(['ps', '--foo']), gantry(['stop']), gantry(['foo'])]);
  assert.deepEqual([flags.code, args.code, unknown.code], [125, 1, 1]);
  assert.equal(
    flags.err,
    "unknown flag: --foo\n\nUsage:  gantry ps [OPTIONS]\n\nRun 'gantry ps --help' for more information\n",
  );
  assert.equal(
    args.err,
    "gantry: 'gantry stop' requires at least 1 argument\n\nUsage:  gantry stop [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'gantry stop --help' for more information\n",
  );
  assert.match(unknown.err, /^gantry: 'foo' is not a gantry command\./);
});

test('what Gantry does not have yet says so, also where help is asked for', async () => {
  for (const words of [
    ['swarm', 'init'],
    ['plugin', '--help'],
    ['help', 'stack'],
  ]) {
    const name = words[0] === 'help' ? words[1] : words[0];
    const said = { code: 1, out: '', err: `gantry ${name}: Gantry does not have this yet\n` };
    assert.deepEqual(await gantry(words), said);
  }
  const compose = await gantry(['compose', '-p', 'x', 'bridge', 'y']);
  assert.equal(compose.code, 1);
  assert.match(compose.err, /^gantry compose bridge: Gantry does not have this command: it converts projects/);
  assert.match(compose.err, /docker's plugin for it, docker-compose, which is not installed here\.\n$/);
  const unknown = await gantry(['compose', 'bogus']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /^gantry compose: 'bogus' is not a command of compose\./);
  const { err } = await gantry(['buildx', 'bake', '.']);
  assert.equal(err, 'gantry buildx bake: Gantry does not have this yet\n');
});

test('help that is asked for goes to standard output; a noun alone says what is missing', async () => {
  const [root, noun, bare, command] = await Promise.all([
    gantry(['--help']),
    gantry(['container', '--help']),
    gantry(['container']),
    gantry(['run', '--help']),
  ]);
  assert.deepEqual([root.code, noun.code, command.code], [0, 0, 0]);
  assert.deepEqual(bare, { code: 0, out: '', err: noun.out });
  assert.match(root.out, /Usage: {2}gantry \[OPTIONS\] COMMAND[\s\S]*Management Commands:[\s\S]*Global Options:/);
  assert.match(noun.out, /Usage: {2}gantry container COMMAND[\s\S]* stop /);
  assert.match(command.out, /Usage: {2}gantry run \[OPTIONS\] IMAGE[\s\S]*Examples:[\s\S]*--publish list/);
});

test('a table of an engine’s containers, and an error of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
  const path = join(folder, 'engine.sock');
  const created = Math.floor(Date.now() / 1000) - 7200;
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/containers/json')) {
      response.end(
        JSON.stringify([
          {
            Id: 'a'.repeat(64),
            Names: ['/web'],
            Image: 'busybox',
            ImageID: 'sha256:b',
            Command: 'sleep 1000000000000000',
            Created: created,
            Ports: [],
            Labels: {},
            State: 'running',
            Status: 'Up 2 hours',
            Mounts: [],
          },
        ]),
      );
    } else if (request.url === '/_ping') response.setHeader('Api-Version', '1.51').end();
    else response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"message":"No such container: x"}');
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const [list, missing] = await Promise.all([
      gantry(['ps'], `unix://${path}`),
      gantry(['rm', 'x', 'y'], `unix://${path}`),
    ]);
    assert.equal(
      list.out,
      'CONTAINER ID   IMAGE     COMMAND                  CREATED       STATUS       PORTS     NAMES\n' +
        'aaaaaaaaaaaa   busybox   "sleep 1000000000000…"   2 hours ago   Up 2 hours             web\n',
    );
    assert.equal(list.code, 0);
    assert.equal(
      missing.err,
      'Error response from daemon: No such container: x\nError response from daemon: No such container: x\n',
    );
    assert.equal(missing.code, 1);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
});

test('--config and DOCKER_CONFIG name the folder of config.json, whose HttpHeaders go with every request', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
  t.after(() => rm(folder, { recursive: true }));
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers['x-team'] as string | undefined);
    if (request.url === '/_ping') response.setHeader('Api-Version', '1.51').end();
    else response.end('[]');
  });
  const path = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await writeFile(join(folder, 'config.json'), '{"HttpHeaders":{"X-Team":"blue"}}');
  assert.equal((await gantry(['--config', folder, 'ps'], `unix://${path}`)).code, 0);
  assert.ok(seen.length > 0 && seen.every((header) => header === 'blue'), String(seen));
  const broken = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
  t.after(() => rm(broken, { recursive: true }));
  await writeFile(join(broken, 'config.json'), '{');
  const { code, err } = await gantry(['--config', broken, 'ps'], `unix://${path}`);
  assert.deepEqual([code, err], [0, `WARNING: Error parsing config file (${broken}/config.json): it is not JSON\n`]);
});

test('buildx ls, inspect, du and prune wait for a silent builder as long as --timeout says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
  t.after(() => rm(folder, { recursive: true }));
  const sockets = new Set<Socket>();
  // One engine says nothing at all, one serves the API, and says nothing as a builder.
  const silent = createRawServer((socket) => void sockets.add(socket.on('error', () => {})));
  const halfSilent = createServer((_request, response) => response.setHeader('Api-Version', '1.51').end());
  halfSilent.on('upgrade', (_request, socket: Socket) => {
    sockets.add(socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  });
  for (const [name, server] of [
    ['silent', silent],
    ['half', halfSilent],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
    t.after(() => server.close());
  }
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    halfSilent.closeAllConnections();
  });
  for (const argv of [['ls'], ['inspect'], ['du'], ['prune', '-f']]) {
    for (const name of ['silent', 'half']) {
      const { code, err } = await gantry(['buildx', ...argv, '--timeout', '200ms'], `unix://${join(folder, name)}`);
      assert.deepEqual([code, err], [1, 'ERROR: the builder has not answered within 200ms\n'], `${argv[0]} ${name}`);
    }
  }
});
