import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { bindHostPort, DatagramBatch } from './index.ts';

const PORT = 20_453;
const server = bindHostPort({ protocol: 'udp', address: '127.0.0.1', port: PORT });
after(() => closeSync(server));

async function client(): Promise<{ readonly socket: Socket; readonly got: string[] }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const got: string[] = [];
  socket.on('message', (message) => got.push(message.toString()));
  return { socket, got };
}

const send = (socket: Socket, text: string): Promise<unknown> =>
  new Promise((resolve) => socket.send(text, PORT, '127.0.0.1', resolve));

test('datagrams of several clients are received and answered in batches', async () => {
  const batch = new DatagramBatch(8);
  assert.equal(batch.receive(server), 0, 'it does not wait');
  const [one, two] = [await client(), await client()];
  for (let at = 0; at < 20; at++) await send((at % 2 === 0 ? one : two).socket, `question ${at}`);
  const sizes: number[] = [];
  for (let count = batch.receive(server); count > 0; count = batch.receive(server)) {
    sizes.push(count);
    for (let at = 0; at < count; at++) {
      const { address, port } = batch.sender(at);
      assert.equal(address, '127.0.0.1');
      assert.ok([one, two].some(({ socket }) => socket.address().port === port));
      batch.answer(at, Buffer.from(`${batch.datagram(at)} answered`));
    }
    batch.send(server);
  }
  assert.deepEqual(sizes, [8, 8, 4]);
  await setTimeout(50);
  const answers = (from: number): readonly string[] =>
    Array.from({ length: 10 }, (_, at) => `question ${from + 2 * at} answered`);
  assert.deepEqual(one.got, answers(0));
  assert.deepEqual(two.got, answers(1));
  for (const { socket } of [one, two]) socket.close();
});

test('a long datagram is cut, and an answer that cannot be sent does not stop the others', async () => {
  const batch = new DatagramBatch(4);
  const [gone, there] = [await client(), await client()];
  await send(gone.socket, 'x'.repeat(20_000));
  await send(there.socket, 'short');
  await send(there.socket, 'again');
  gone.socket.close();
  await setTimeout(20);
  assert.equal(batch.receive(server), 3);
  assert.equal(batch.datagram(0).length, 4096);
  batch.answer(0, Buffer.from('nobody'));
  batch.answer(1, Buffer.alloc(70_000));
  batch.answer(1, Buffer.from('one'));
  batch.answer(2, Buffer.from(''));
  batch.send(server);
  await setTimeout(50);
  assert.deepEqual(there.got, ['one', '']);
  there.socket.close();
  assert.equal(batch.receive(-1), 0, 'a closed socket is no error');
});
