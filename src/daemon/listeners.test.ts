import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../base/logger.ts';
import { resolveConfig } from './config/config.ts';
import { type Listeners, listen } from './listeners.ts';

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'gantry-listen-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

function listenOn(hosts: readonly string[], more: object = {}): Promise<Listeners> {
  const deps = {
    createServer: () => createServer((_request, response) => response.end('hello')),
    logger: silentLogger,
  };
  return listen(deps, resolveConfig({ host: [...hosts], ...more }));
}

function get(options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

test('a unix socket is for its owner and group alone, serves, and is gone afterwards', async () => {
  using dir = folder();
  const path = join(dir.path, 'deep', 's.sock');
  {
    await using listeners = await listenOn([`unix://${path}`]);
    assert.deepEqual(listeners.addresses, [`unix://${path}`]);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    assert.equal(await get({ socketPath: path }), 'hello');
  }
  assert.equal(existsSync(path), false);
});

test('a thousand clients that connect at the same moment are all served', async () => {
  using dir = folder();
  const path = join(dir.path, 's.sock');
  await using _listeners = await listenOn([`unix://${path}`]);
  // The loop of this process connects all of them before it accepts one.
  const answers = await Promise.all(Array.from({ length: 1000 }, () => get({ socketPath: path })));
  assert.ok(answers.every((answer) => answer === 'hello'));
});

test('a socket that a killed engine left is replaced, one that is served is not', async () => {
  using dir = folder();
  const path = join(dir.path, 's.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await new Promise((resolve) => execFile(process.execPath, ['-e', script], resolve));
  assert.equal(existsSync(path), true);
  await using _first = await listenOn([`unix://${path}`]);
  await assert.rejects(listenOn([`unix://${path}`]), { kind: 'conflict', message: /another process serves it$/ });
  assert.equal(await get({ socketPath: path }), 'hello');
});

test('what is not a socket is not removed', async () => {
  using dir = folder();
  const path = join(dir.path, 'file');
  writeFileSync(path, 'precious');
  await assert.rejects(listenOn([`unix://${path}`]), { kind: 'conflict' });
  assert.equal(existsSync(path), true);
});

test('stopping leaves the socket of another engine that has taken the path', async () => {
  using dir = folder();
  const path = join(dir.path, 's.sock');
  const other = createServer((_request, response) => response.end('other'));
  {
    await using _listeners = await listenOn([`unix://${path}`]);
    // As dockerd does.
    unlinkSync(path);
    await new Promise<void>((resolve) => other.listen({ path }, resolve));
  }
  assert.equal(await get({ socketPath: path }), 'other');
  await new Promise((resolve) => other.close(resolve));
});

test('tcp on loopback, and a taken port is named; the first socket is taken back when the second cannot be had', async () => {
  using dir = folder();
  const tcp = { 'allow-insecure-tcp': true };
  await using first = await listenOn(['tcp://127.0.0.1:0'], tcp);
  const address = first.addresses[0] ?? '';
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  assert.equal(await get({ host: '127.0.0.1', port }), 'hello');
  const path = join(dir.path, 's.sock');
  await assert.rejects(listenOn([`unix://${path}`, address], tcp), {
    kind: 'conflict',
    message: `cannot listen on ${address}: address already in use`,
  });
  assert.equal(existsSync(path), false);
});

test('an unknown group is refused before the socket is there', async () => {
  using dir = folder();
  const path = join(dir.path, 's.sock');
  await assert.rejects(listenOn([`unix://${path}`], { group: 'no-such-group' }), {
    message: 'group no-such-group not found',
  });
  assert.equal(existsSync(path), false);
});

test('draining waits for an answer under way, and not for the connection that its client keeps', async () => {
  using dir = folder();
  const path = join(dir.path, 's.sock');
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<() => void>();
  const server = createServer((_request, response) => onAsked(() => void response.end('late')));
  await using listeners = await listen(
    { createServer: () => server, logger: silentLogger },
    resolveConfig({ host: [`unix://${path}`] }),
  );
  const agent = new Agent({ keepAlive: true });
  const answer = get({ socketPath: path, agent });
  const answerNow = await asked;
  const drained = listeners.drain(600_000);
  answerNow();
  assert.equal(await answer, 'late');
  await drained;
  agent.destroy();
});
