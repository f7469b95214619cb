import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DatagramReceiver } from '../../test/support/datagram-receiver.ts';
import { UnixDatagrams } from './unix-datagrams.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-datagrams-'));
after(() => rmSync(folder, { recursive: true }));
const ALL_SEALS = 0xf;

test('datagrams arrive in their order, and a full receiver takes fewer', () => {
  const path = join(folder, 'some');
  using receiver = new DatagramReceiver(path);
  using socket = new UnixDatagrams(path);
  const all = Array.from({ length: 500 }, (_, index) => Buffer.from(`message ${index}`));
  const received: string[] = [];
  for (let at = 0, turns = 0; at < all.length; turns += 1) {
    assert.ok(turns < 1000);
    const sent = socket.send(all.slice(at));
    at += sent;
    if (sent === 0) received.push(...receiver.take().map(({ bytes }) => bytes.toString()));
  }
  received.push(...receiver.take().map(({ bytes }) => bytes.toString()));
  assert.deepEqual(received, all.map(String));
});

test('a message that no datagram can hold arrives as sealed memory', () => {
  const path = join(folder, 'large');
  using receiver = new DatagramReceiver(path);
  using socket = new UnixDatagrams(path);
  const large = Buffer.alloc(9 * 1024 * 1024, 'x');
  assert.throws(() => socket.send([large]), { code: 'EMSGSIZE' });
  assert.equal(socket.sendAsMemory(large), true);
  const [got] = receiver.take();
  assert.equal(got?.bytes.equals(large), true);
  assert.equal(got?.seals, ALL_SEALS);
});

test('a receiver that is away or of another kind is told by its errno', async () => {
  assert.throws(() => new UnixDatagrams(join(folder, 'none')), { code: 'ENOENT' });
  const path = join(folder, 'stream');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  assert.throws(() => new UnixDatagrams(path), { code: 'EPROTOTYPE' });
  server.close();
  const gone = join(folder, 'gone');
  const receiver = new DatagramReceiver(gone);
  using socket = new UnixDatagrams(gone);
  receiver[Symbol.dispose]();
  assert.throws(() => socket.send([Buffer.from('x')]), { code: 'ECONNREFUSED' });
});
