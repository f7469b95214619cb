import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { acknowledgement, FluentdReceiver } from '../../../test/support/log-receivers/fluentd-receiver.ts';
import type { Extension, Packed } from '../../../test/support/log-receivers/read-msgpack.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender } from '../log-sender.ts';
import { line, NANOS, parts } from '../testing/log-messages.ts';
import { testSubject } from '../testing/test-subject.ts';
import { fluentd } from './fluentd.ts';

const NEVER = new AbortController().signal;
const TCP = { host: '127.0.0.1', port: 0 };

function open(t: TestContext, options: LogOptions, subject = testSubject): LogSender {
  const sender = fluentd.openSender?.(subject, options);
  assert.ok(sender !== undefined);
  t.after(() => sender.close());
  return sender;
}

/** A message as plain values; a line as latin1. */
function shown(message: Packed | undefined): unknown {
  if (Buffer.isBuffer(message)) return message.toString('latin1');
  if (Array.isArray(message)) return message.map(shown);
  if (message instanceof Map) return Object.fromEntries([...message].map(([key, value]) => [key, shown(value)]));
  return message;
}

async function sent(t: TestContext, messages: readonly LogMessage[], options: LogOptions = {}, subject = testSubject) {
  await using receiver = await FluentdReceiver.listen(TCP);
  const sender = open(t, { 'fluentd-address': `127.0.0.1:${receiver.port}`, ...options }, subject);
  await sender.send(messages, NEVER);
  const received = await receiver.received(messages.length);
  return received.map(shown) as readonly (readonly [string, unknown, Record<string, string>, Record<string, string>])[];
}

test('a line has its container, its stream, and what labels and variables add', async (t) => {
  const [first] = await sent(t, [line('out')], { tag: '{{.Name}}/{{.ID}}' });
  const record = { container_id: '1'.repeat(64), container_name: '/web', source: 'stdout', log: 'out', a: '1' };
  assert.deepEqual(first, [`web/${'1'.repeat(12)}`, Number(NANOS / 1_000_000_000n), record, {}]);
});

test('bytes that are no UTF-8, empty lines and names with odd characters arrive as they are', async (t) => {
  const subject = { ...testSubject, attributes: { 'a.b/c d': 'é', log: 'label' } };
  const [first] = await sent(t, [line(Buffer.from([0xff, 0xfe, 0x00]))]);
  assert.equal(first?.[2]['log'], '\xff\xfe\x00');
  const [empty] = await sent(t, [line('')], {}, { ...testSubject, attributes: {} });
  assert.equal(empty?.[2]['log'], '');
  const [odd] = await sent(t, [line('x')], { tag: 'ü' }, subject);
  assert.deepEqual([odd?.[0], odd?.[2]['a.b/c d'], odd?.[2]['log']], ['Ã¼', 'Ã©', 'label']);
});

test('the parts of a long line are told apart', async (t) => {
  const [first, second, last] = await sent(t, parts('x'.repeat(40_000)));
  const partial = (ordinal: string, isLast: string) => ({
    partial_message: 'true',
    partial_id: 'f'.repeat(64),
    partial_ordinal: ordinal,
    partial_last: isLast,
  });
  assert.equal(first?.[2]['log']?.length, 16_384);
  for (const [message, expected] of [
    [first, partial('1', 'false')],
    [second, partial('2', 'false')],
    [last, partial('3', 'true')],
  ] as const)
    for (const [key, value] of Object.entries(expected)) assert.equal(message?.[2][key], value);
});

test('a batch of huge lines and a record of many fields arrive', async (t) => {
  const attributes = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, 'v'.repeat(index)]));
  const [huge] = await sent(t, [line('x'.repeat(300_000))], {}, { ...testSubject, attributes });
  assert.equal(huge?.[2]['log']?.length, 300_000);
  assert.equal(Object.keys(huge?.[2] ?? {}).length, 304);
});

test('times have nanoseconds when they are asked for', async (t) => {
  const [first] = await sent(t, [line('x')], { 'fluentd-sub-second-precision': 'true' });
  const time = first?.[1] as Extension;
  assert.equal(time.type, 0);
  assert.equal(BigInt(time.data.readUInt32BE(0)) * 1_000_000_000n + BigInt(time.data.readUInt32BE(4)), NANOS);
});

test('a unix socket takes messages too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-fluentd-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await using receiver = await FluentdReceiver.listen({ path: join(folder, 'sock') });
  await open(t, { 'fluentd-address': `unix://${folder}/sock` }).send([line('x')], NEVER);
  assert.equal((await receiver.received(1)).length, 1);
});

test('a batch is delivered when each message is acknowledged', async (t) => {
  await using receiver = await FluentdReceiver.listen(TCP);
  const sender = open(t, { 'fluentd-address': `127.0.0.1:${receiver.port}`, 'fluentd-request-ack': 'true' });
  await sender.send([line('a'), line('b')], NEVER);
  await sender.send([line('c')], NEVER);
  assert.equal(receiver.messages.length, 3);
  assert.equal(receiver.connections, 1);
});

const HOSTILE: Readonly<Record<string, (chunk: Buffer) => Buffer>> = {
  'another receipt': () => acknowledgement(Buffer.from('other')),
  'no receipt at all': () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'an endless answer': () => Buffer.alloc(1_000_000, 0x81),
  'half a receipt, and then more': (chunk) =>
    Buffer.concat([acknowledgement(chunk).subarray(0, 6), Buffer.alloc(5000)]),
};

for (const [name, answer] of Object.entries(HOSTILE)) {
  test(`${name} is an error, after which the sender connects again`, async (t) => {
    await using receiver = await FluentdReceiver.listen(TCP, { answer });
    const sender = open(t, { 'fluentd-address': `127.0.0.1:${receiver.port}`, 'fluentd-request-ack': 'true' });
    await assert.rejects(sender.send([line('a')], NEVER), /fluentd: the receiver/);
    await assert.rejects(sender.send([line('a')], NEVER));
    assert.equal(receiver.connections, 2);
  });
}

test('a receipt that does not come is awaited no longer than fluentd-read-timeout', async (t) => {
  await using receiver = await FluentdReceiver.listen(TCP, { answer: () => Buffer.alloc(0) });
  const address = `127.0.0.1:${receiver.port}`;
  const options = { 'fluentd-address': address, 'fluentd-request-ack': 'true', 'fluentd-read-timeout': '20ms' };
  await assert.rejects(open(t, options).send([line('a')], NEVER), { name: 'TimeoutError' });
});

test('a receiver that reads nothing holds a batch no longer than fluentd-write-timeout, or until the signal', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.pause()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  const options = { 'fluentd-address': `127.0.0.1:${typeof address === 'object' ? address?.port : 0}` };
  const much = Array.from({ length: 100 }, () => line('x'.repeat(200_000)));
  await assert.rejects(open(t, { ...options, 'fluentd-write-timeout': '50ms' }).send(much, NEVER), {
    name: 'TimeoutError',
  });
  await assert.rejects(open(t, options).send(much, AbortSignal.timeout(50)), { name: 'TimeoutError' });
});

test('nobody at the address is an error, and a receiver that comes later is found', async (t) => {
  const first = await FluentdReceiver.listen(TCP);
  const { port } = first;
  await first[Symbol.asyncDispose]();
  const sender = open(t, { 'fluentd-address': `127.0.0.1:${port}` });
  await assert.rejects(sender.send([line('a')], NEVER), { code: 'ECONNREFUSED' });
  await using receiver = await FluentdReceiver.listen({ ...TCP, port });
  await sender.send([line('a')], NEVER);
  assert.equal((await receiver.received(1)).length, 1);
});

test('a receiver that ends the connection is connected to again', async (t) => {
  await using receiver = await FluentdReceiver.listen(TCP);
  const sender = open(t, { 'fluentd-address': `127.0.0.1:${receiver.port}`, 'fluentd-request-ack': '1' });
  await sender.send([line('a')], NEVER);
  receiver.drop();
  for (let sentTwo = false; !sentTwo; )
    sentTwo = await sender.send([line('b')], NEVER).then(
      () => true,
      () => false,
    );
  assert.equal(receiver.connections, 2);
});

test('a connection is replaced after fluentd-async-reconnect-interval', async (t) => {
  await using receiver = await FluentdReceiver.listen(TCP);
  const address = `127.0.0.1:${receiver.port}`;
  const sender = open(t, { 'fluentd-address': address, 'fluentd-async-reconnect-interval': '100ms' });
  await sender.send([line('a')], NEVER);
  await sender.send([line('b')], NEVER);
  await receiver.received(2);
  assert.equal(receiver.connections, 1);
  await new Promise((resolve) => setTimeout(resolve, 110));
  await sender.send([line('c')], NEVER);
  await receiver.received(3);
  assert.equal(receiver.connections, 2);
});

test('only fluentd-async=false asks for a receiver at the start', async (t) => {
  assert.equal(open(t, {}).verify, undefined);
  assert.equal(open(t, { 'fluentd-async': 'true' }).verify, undefined);
  const strict = open(t, { 'fluentd-async': 'false', 'fluentd-address': 'unix:///nowhere/at/all' });
  await assert.rejects(strict.verify?.(NEVER) ?? Promise.resolve(), { code: 'ENOENT' });
});
