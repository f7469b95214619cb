import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Hello, PROTOCOL_VERSION } from '../../spec/index.ts';
import { ControlConnection } from './control-connection.ts';

/**
 * Starts a supervisor that speaks one version and refuses others in the words of every release. Returns the hellos that
 * it received.
 */
async function supervisorOf(
  version: number,
): Promise<AsyncDisposable & { readonly path: string; readonly seen: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-control-'));
  const path = join(folder, 's');
  const seen: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('data', (line) => {
      const hello = JSON.parse(String(line)) as Hello;
      seen.push(hello.version);
      if (hello.version === version) {
        socket.write(`${JSON.stringify({ version, pid: 1, seq: 0, tasks: [] })}\n`);
        return;
      }
      const message = `protocol ${hello.version} is not spoken, only ${version} to ${version}`;
      socket.end(`${JSON.stringify({ id: 0, ok: false, error: { code: 'invalid', message } })}\n`);
    });
  }).listen(path);
  await once(server, 'listening');
  return {
    path,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const EVENTS = { onEvent() {}, onClose() {} };

test('a supervisor that an older engine left is spoken to in its version', async () => {
  await using supervisor = await supervisorOf(PROTOCOL_VERSION - 1);
  const connection = await ControlConnection.open(supervisor.path, 0, EVENTS);
  assert.equal(connection.hello.version, PROTOCOL_VERSION - 1);
  assert.deepEqual(supervisor.seen, [PROTOCOL_VERSION, PROTOCOL_VERSION - 1]);
  connection.close();
});

test('a supervisor of a newer engine that knows none of our versions is refused by its own words', async () => {
  await using supervisor = await supervisorOf(PROTOCOL_VERSION + 7);
  await assert.rejects(ControlConnection.open(supervisor.path, 0, EVENTS), {
    kind: 'unavailable',
    message: /^supervisor: protocol \d+ is not spoken/,
  });
});

test('a request on a connection that has just been lost fails when its end is known, so that a second try meets the successor', async () => {
  await using supervisor = await supervisorOf(PROTOCOL_VERSION);
  let isKnown = false;
  const onClose = (): void => {
    isKnown = true;
  };
  const connection = await ControlConnection.open(supervisor.path, 0, { ...EVENTS, onClose });
  connection.close();
  await assert.rejects(connection.request({ op: 'pong' }), { kind: 'unavailable' });
  assert.equal(isKnown, true);
});
