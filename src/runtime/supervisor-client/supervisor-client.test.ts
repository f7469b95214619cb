import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROTOCOL_VERSION, supervisorFolder, supervisorSocket } from '../../spec/index.ts';
import { SupervisorClient } from './supervisor-client.ts';

test('a request that may be repeated is made again, however many supervisors die in a row', async (t) => {
  const execRoot = mkdtempSync(join(tmpdir(), 'gantry-client-'));
  t.after(() => rmSync(execRoot, { recursive: true }));
  mkdirSync(supervisorFolder(execRoot), { recursive: true });
  let deaths = 0;
  // Each connection is a supervisor of its own: three of them die of the request.
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(`${JSON.stringify({ version: PROTOCOL_VERSION, pid: process.pid, seq: 0, tasks: [] })}\n`);
      socket.on('data', (line) => {
        const { id } = JSON.parse(String(line)) as { readonly id: number };
        if (deaths++ < 3) socket.destroy();
        else socket.write(`${JSON.stringify({ id, ok: true })}\n`);
      });
    });
  }).listen(supervisorSocket(execRoot));
  await once(server, 'listening');
  t.after(() => server.close());
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await using client = await SupervisorClient.open({ execRoot, command: ['/bin/false'], log, onOom() {} });
  await client.repeat({ op: 'release', task: { containerId: 'c' } });
  assert.equal(deaths, 4);
});
