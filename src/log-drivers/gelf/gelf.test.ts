import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GelfTcpReceiver, GelfUdpReceiver } from '../../../test/support/log-receivers/gelf-receiver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender } from '../log-sender.ts';
import { line } from '../testing/log-messages.ts';
import { testSubject } from '../testing/test-subject.ts';
import { gelf } from './gelf.ts';
import { gelfChunks } from './gelf-chunks.ts';

const NEVER = new AbortController().signal;

function open(t: TestContext, options: LogOptions, subject = testSubject): LogSender {
  const sender = gelf.openSender?.(subject, options);
  assert.ok(sender !== undefined);
  t.after(() => sender.close());
  return sender;
}

async function sent(t: TestContext, messages: readonly LogMessage[], options: LogOptions = {}, subject = testSubject) {
  await using receiver = await GelfUdpReceiver.listen();
  const sender = open(t, { 'gelf-address': `udp://127.0.0.1:${receiver.port}`, ...options }, subject);
  await sender.send(messages, NEVER);
  return await receiver.received(messages.filter((message) => message.line.length > 0).length);
}

test('a line has the fields of its container, sorted, and those that labels and variables add', async (t) => {
  const subject = { ...testSubject, attributes: { a: '1', _b: '2', 'x.y': '<u>' } };
  const [first] = await sent(t, [line('out')], { tag: '{{.Name}}' }, subject);
  assert.equal(
    first?.text,
    '{"version":"1.1","host":"vm","short_message":"out","timestamp":1796088216.831,"level":6,"_a":"1","_b":"2",' +
      `"_command":"/bin/echo a b c","_container_id":"${'1'.repeat(64)}","_container_name":"web",` +
      `"_created":"2026-12-01T01:13:29.392362103Z","_image_id":"${testSubject.imageId}","_image_name":"busybox",` +
      '"_tag":"web","_x.y":"\\u003cu\\u003e"}',
  );
});

test('a line of stderr is an error; an empty line is left out', async (t) => {
  const arrived = await sent(t, [line(''), line('err', { stream: 'stderr' })]);
  assert.deepEqual(
    arrived.map(({ text }) => [JSON.parse(text).short_message, JSON.parse(text).level]),
    [['err', 3]],
  );
});

test('bytes that are no UTF-8 become replacement characters', async (t) => {
  const [first] = await sent(t, [line(Buffer.from([0xff, 0x20, 0x00]))]);
  assert.equal(JSON.parse(first?.text ?? '').short_message, '\ufffd \0');
});

for (const [type, compression] of [
  [undefined, 'gzip'],
  ['zlib', 'zlib'],
  ['none', 'none'],
] as const) {
  test(`compression ${type ?? 'by default'} is ${compression}, and a long line comes in chunks`, async (t) => {
    const text = Array.from({ length: 1500 }, (_, index) => (index * 7919) ** 2 % 1e9).join(',');
    const options = type === undefined ? {} : { 'gelf-compression-type': type };
    const [first] = await sent(t, [line(text)], options);
    assert.equal(first?.compression, compression);
    assert.ok((first?.datagrams ?? 0) > 3);
    assert.equal(JSON.parse(first?.text ?? '').short_message, text);
  });
}

test('a message is never in more than 128 chunks', () => {
  assert.deepEqual(gelfChunks(Buffer.alloc(1420)), [Buffer.alloc(1420)]);
  assert.deepEqual(
    gelfChunks(Buffer.alloc(1421)).map((chunk) => chunk.length),
    [1420, 25],
  );
  for (const size of [2816, 180_224, 180_225, 1_000_000]) {
    const chunks = gelfChunks(Buffer.alloc(size));
    assert.ok(chunks.length <= 128);
    assert.equal(
      chunks.reduce((sum, chunk) => sum + chunk.length - 12, 0),
      size,
    );
    assert.ok(chunks.every((chunk, index) => chunk[10] === index && chunk[11] === chunks.length));
  }
});

test('by TCP each message ends with a null byte', async (t) => {
  await using receiver = await GelfTcpReceiver.listen();
  const sender = open(t, { 'gelf-address': `tcp://127.0.0.1:${receiver.port}` });
  await sender.send([line('a'), line(''), line('x'.repeat(300_000))], NEVER);
  const received = await receiver.received(2);
  assert.deepEqual(
    received.map((text) => JSON.parse(text).short_message.length),
    [1, 300_000],
  );
});

test('by TCP a receiver that was away is found when it comes, also after it ended the connection', async (t) => {
  const first = await GelfTcpReceiver.listen();
  const { port } = first;
  const sender = open(t, { 'gelf-address': `tcp://127.0.0.1:${port}` });
  await sender.send([line('a')], NEVER);
  await first.received(1);
  await first[Symbol.asyncDispose]();
  await assert.rejects(async () => {
    for (;;) await sender.send([line('lost')], NEVER);
  });
  await using second = await GelfTcpReceiver.listen(port);
  const found = second.received(1);
  for (let isSent = false; !isSent; await new Promise(setImmediate)) {
    isSent = await sender.send([line('b')], NEVER).then(
      () => true,
      () => false,
    );
  }
  await found;
});
