import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DatagramReceiver } from '../../../test/support/datagram-receiver.ts';
import { LineReceiver } from '../../../test/support/line-receiver.ts';
import type { LogMessage, LogSubject } from '../log-sender.ts';
import { syslog } from './syslog.ts';
import { parseSyslogAddress } from './syslog-address.ts';
import { encodeSyslog, parseSyslogFormat, type SyslogFormat } from './syslog-format.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-syslog-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

const SUBJECT: LogSubject = {
  containerId: '0c0b0a8a5d74'.padEnd(64, '0'),
  containerName: 'web',
  imageId: 'sha256:1',
  imageName: 'busybox',
  createdNanos: 0n,
  entrypoint: 'sh',
  args: [],
  daemonName: 'docker',
  hostName: 'vm',
  attributes: {},
  env: [],
  labels: {},
};

function message(line: string, stream: LogMessage['stream'] = 'stdout'): LogMessage {
  // The host's time, whatever its zone is.
  const seconds = new Date(2026, 11, 1, 1, 7, 14).getTime() / 1000;
  return { line: Buffer.from(line), stream, nanos: BigInt(seconds) * 1_000_000_000n + 558_311_999n };
}

function encoded(format: SyslogFormat, counted = false): readonly string[] {
  const head = { format, facility: 3, tag: 'web', hostName: 'vm', pid: 7, counted };
  return encodeSyslog(head, [message('out'), message(''), message('err', 'stderr')]).map(String);
}

test('messages have the forms that dockerd sends, without empty lines', () => {
  const zone = /([+-]\d\d:\d\d|Z)/.source;
  assert.deepEqual(encoded('plain'), ['<30>Dec  1 01:07:14 web[7]: out\n', '<27>Dec  1 01:07:14 web[7]: err\n']);
  assert.deepEqual(encoded('rfc3164')[1], '<27>Dec  1 01:07:14 vm web[7]: err\n');
  assert.match(encoded('rfc5424')[0] ?? '', new RegExp(`^<30>1 2026-12-01T01:07:14${zone} vm web 7 web - out\\n$`));
  assert.match(
    encoded('rfc5424micro')[0] ?? '',
    new RegExp(`^<30>1 2026-12-01T01:07:14\\.558311${zone} vm web 7 web - out\\n$`),
  );
  const [counted = ''] = encoded('rfc5424', true);
  assert.equal(Number(/^\d+/.exec(counted)?.[0]), counted.length - counted.indexOf(' ') - 1);
  assert.equal(parseSyslogFormat(''), 'plain');
});

test('options are refused in dockerd’s words', () => {
  const refuses = (options: Record<string, string>, text: string): void =>
    assert.throws(() => syslog.check?.(options), { kind: 'invalid', message: text });
  for (const [address, text] of [
    ['foo://x', "unsupported scheme: 'foo'"],
    ['127.0.0.1:514', 'parse "127.0.0.1:514": first path segment in URL cannot contain colon'],
    ['tcp://[::1', 'parse "tcp://[::1": missing \']\' in host'],
    ['tcp://a b', 'parse "tcp://a b": invalid character " " in host name'],
    ['unix://', 'stat : no such file or directory'],
  ] as const) {
    refuses({ 'syslog-address': address }, text);
  }
  for (const facility of ['foo', '24', '-1']) refuses({ 'syslog-facility': facility }, 'invalid syslog facility');
  refuses({ 'syslog-format': 'foo' }, 'Invalid syslog format');
  const tls = { 'syslog-address': 'tcp+tls://127.0.0.1:1' };
  assert.throws(() => syslog.openSender?.(SUBJECT, { ...tls, 'syslog-tls-ca-cert': '/none' }), {
    message: 'could not read CA certificate "/none": open /none: no such file or directory',
  });
  assert.throws(() => syslog.openSender?.(SUBJECT, { ...tls, 'syslog-tls-cert': '/none', 'syslog-tls-key': '/y' }), {
    message: 'Could not load X509 key pair: open /none: no such file or directory',
  });
});

test('an address has a default port, and names a protocol', () => {
  assert.deepEqual(parseSyslogAddress('udp://127.0.0.1'), { kind: 'udp', host: '127.0.0.1', port: 514 });
  assert.deepEqual(parseSyslogAddress('tcp+tls://[::1]:6514'), { kind: 'tcp+tls', host: '::1', port: 6514 });
  assert.deepEqual(parseSyslogAddress('unixgram:///dev/log'), { kind: 'unixgram', path: '/dev/log' });
  assert.deepEqual(parseSyslogAddress(''), { kind: 'local' });
});

test('messages go over UDP, unix streams and unix datagrams, one in each datagram', async () => {
  const messages = [message('one'), message('two', 'stderr')];
  const text = /\[\d+\]: (one|two)\n$/;

  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const got: string[] = [];
  udp.on('message', (bytes) => got.push(bytes.toString()));
  await send(`udp://127.0.0.1:${udp.address().port}`, messages);
  while (got.length < 2) await once(udp, 'message');
  udp.close();
  assert.deepEqual(
    got.map((each) => text.exec(each)?.[1]),
    ['one', 'two'],
  );

  const stream = join(folder, 'stream');
  await using receiver = await LineReceiver.listen({ path: stream });
  await send(`unix://${stream}`, messages);
  assert.match((await receiver.received(2))[0] ?? '', /^<30>.* 0c0b0a8a5d74\[\d+\]: one$/);

  const datagrams = join(folder, 'datagrams');
  using socket = new DatagramReceiver(datagrams);
  await send(`unixgram://${datagrams}`, messages);
  assert.deepEqual(
    socket.take().map(({ bytes }) => text.exec(bytes.toString())?.[1]),
    ['one', 'two'],
  );
});

test('a receiver that is away is an error, and one that is back gets messages again', async () => {
  const path = join(folder, 'away');
  const sender = syslog.openSender?.(SUBJECT, { 'syslog-address': `unixgram://${path}` });
  await assert.rejects(sender?.send([message('lost')], signal) ?? Promise.resolve(), { code: 'ENOENT' });
  for (const text of ['first', 'second']) {
    using socket = new DatagramReceiver(path);
    if (text === 'second') await assert.rejects(sender?.send([message(text)], signal) ?? Promise.resolve());
    await sender?.send([message(text)], signal);
    assert.match(socket.take()[0]?.bytes.toString() ?? '', new RegExp(`${text}\\n$`));
  }
  await sender?.close();
});

async function send(address: string, messages: readonly LogMessage[]): Promise<void> {
  const sender = syslog.openSender?.(SUBJECT, { 'syslog-address': address });
  await sender?.send(messages, signal);
  await sender?.close();
}
