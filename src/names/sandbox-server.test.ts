import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { boundPort, openNftables } from '../linux/index.ts';
import { frame } from './frames.ts';
import { openSandbox, readReplies } from './names.fixture.ts';
import { openSandboxServer, type RespondTo } from './sandbox-server.ts';

/** Answers with the message: after a while when it begins with `l`, not at all when it begins with `n`. */
const echo: RespondTo = (message) => {
  const kind = String.fromCharCode(message[0] ?? 0);
  if (kind === 'n') return undefined;
  const answer = Buffer.from(message);
  return kind === 'l' ? sleep(20).then(() => answer) : answer;
};

test('datagrams and messages of connections are answered, at once or later', async () => {
  using sandbox = openSandbox();
  using _server = await openSandboxServer(sandbox.sockets, echo);
  assert.equal(String(await sandbox.askUdp(Buffer.from('at once'))), 'at once');
  assert.equal(String(await sandbox.askUdp(Buffer.from('later'))), 'later');
  const socket = sandbox.connect();
  socket.write(Buffer.concat(['later', 'none', 'a', 'b'].map((text) => frame(Buffer.from(text)))));
  assert.deepEqual((await readReplies(socket, 3)).map(String), ['a', 'b', 'later']);
});

test('a forged datagram from port 0 is ignored', async () => {
  using sandbox = openSandbox();
  let asked = 0;
  const count: RespondTo = (message) => {
    asked += 1;
    return message;
  };
  const port = boundPort(sandbox.sockets.udp);
  using _server = await openSandboxServer(sandbox.sockets, count);
  const datagrams = await sandbox.datagrams();
  const change = (commands: string): void =>
    sandbox.enter(() => {
      using nftables = openNftables();
      nftables.run(commands);
    });
  change(`add table ip forge
add chain ip forge out { type filter hook output priority 0; }
add rule ip forge out udp dport ${port} udp sport set 0`);
  datagrams.send('forged');
  await sleep(50);
  change('delete table ip forge');
  datagrams.send('honest');
  const [reply] = await once(datagrams, 'message');
  assert.deepEqual([String(reply), asked], ['honest', 1]);
});

test('a client that half-closes its connection gets all answers, then the end', async () => {
  using sandbox = openSandbox();
  using _server = await openSandboxServer(sandbox.sockets, echo);
  const socket = sandbox.connect();
  socket.end(Buffer.concat(['later', 'a'].map((text) => frame(Buffer.from(text)))));
  assert.deepEqual((await readReplies(socket, 99)).map(String), ['a', 'later']);
});

test('a client that reads nothing is not read either, until it does', async () => {
  using sandbox = openSandbox();
  let asked = 0;
  const large = Buffer.alloc(60_000, 1);
  using _server = await openSandboxServer(sandbox.sockets, () => {
    asked += 1;
    return large;
  });
  const socket = sandbox.connect();
  const count = 500;
  socket.pause();
  socket.write(Buffer.concat(Array.from({ length: count }, () => frame(Buffer.from('query')))));
  await sleep(200);
  const askedBefore = asked;
  assert.ok(askedBefore > 0 && askedBefore < count - 50, String(askedBefore));
  assert.equal((await readReplies(socket, count)).length, count);
  assert.equal(asked, count);
});

test('a connection beyond fifty is closed', async () => {
  using sandbox = openSandbox();
  using _server = await openSandboxServer(sandbox.sockets, echo);
  const sockets = Array.from({ length: 50 }, () => sandbox.connect());
  for (const socket of sockets) socket.write(frame(Buffer.from('a')));
  for (const socket of sockets) await readReplies(socket, 1);
  const surplus = sandbox.connect();
  surplus.on('error', () => {}).resume();
  await once(surplus, 'close');
  for (const socket of sockets) socket.destroy();
});

test('the end closes the sockets and connections, and nothing is sent later', async () => {
  using sandbox = openSandbox();
  const server = await openSandboxServer(sandbox.sockets, echo);
  const socket = sandbox.connect();
  const datagrams = await sandbox.datagrams();
  datagrams.send('later');
  socket.write(Buffer.concat(['later', 'a'].map((text) => frame(Buffer.from(text)))));
  await readReplies(socket, 1);
  server[Symbol.dispose]();
  for (const fd of [sandbox.sockets.udp, sandbox.sockets.tcp]) assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  socket.on('error', () => {}).resume();
  await once(socket, 'close');
  await sleep(50);
});

test('descriptors that are no such sockets are refused and closed', async () => {
  for (const wrong of ['udp', 'tcp'] as const) {
    using sandbox = openSandbox();
    const file = openSync('/dev/null', 'r');
    const right = wrong === 'udp' ? 'tcp' : 'udp';
    closeSync(sandbox.sockets[wrong]);
    await assert.rejects(openSandboxServer({ ...sandbox.sockets, [wrong]: file }, echo));
    for (const fd of [file, sandbox.sockets[right]]) assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  }
});
