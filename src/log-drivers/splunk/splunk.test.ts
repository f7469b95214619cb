import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type SplunkAnswer, SplunkReceiver } from '../../../test/support/log-receivers/splunk-receiver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender } from '../log-sender.ts';
import { line } from '../testing/log-messages.ts';
import { testSubject } from '../testing/test-subject.ts';
import { splunk } from './splunk.ts';

const NEVER = new AbortController().signal;
const TOKEN = 'f0e1-secret';

function open(t: TestContext, port: number, options: LogOptions = {}, subject = testSubject): LogSender {
  const url = `http://127.0.0.1:${port}`;
  const sender = splunk.openSender?.(subject, { 'splunk-url': url, 'splunk-token': TOKEN, ...options });
  assert.ok(sender !== undefined);
  t.after(() => sender.close());
  return sender;
}

async function sent(t: TestContext, messages: readonly LogMessage[], options: LogOptions = {}, subject = testSubject) {
  await using receiver = await SplunkReceiver.listen();
  await open(t, receiver.port, options, subject).send(messages, NEVER);
  return receiver.requests;
}

test('an event has its line, stream, tag and attributes; a batch is one request', async (t) => {
  const [request, ...others] = await sent(t, [line('out'), line('err', { stream: 'stderr' })]);
  const event = (text: string, source: string) =>
    `{"event":{"line":"${text}","source":"${source}","tag":"${'1'.repeat(12)}","attrs":{"a":"1"}},` +
    '"time":"1796088216.831986","host":"vm"}';
  assert.deepEqual(
    [request?.method, request?.path, request?.headers.authorization, request?.body],
    ['POST', '/services/collector/event/1.0', `Splunk ${TOKEN}`, event('out', 'stdout') + event('err', 'stderr')],
  );
  assert.deepEqual(others, []);
});

test('source, sourcetype and index are told; an empty tag removes it; a channel is named for acknowledgements', async (t) => {
  const [request] = await sent(
    t,
    [line('x')],
    {
      tag: '',
      'splunk-source': 'so',
      'splunk-sourcetype': 'st',
      'splunk-index': 'ix',
      'splunk-index-acknowledgment': 'true',
    },
    { ...testSubject, attributes: {} },
  );
  assert.equal(
    request?.body,
    '{"event":{"line":"x","source":"stdout"},"time":"1796088216.831986","host":"vm","source":"so","sourcetype":"st","index":"ix"}',
  );
  assert.match(String(request?.headers['x-splunk-request-channel']), /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);
});

test('lines that are JSON are part of an event in the format json, as they are but for spaces', async (t) => {
  const lines = ['{"a": 1.0,  "b":"<& \\" x>"}', '[1]', '12345678901234567890', '"a  b"', '{', 'null', ''];
  const [request] = await sent(
    t,
    lines.map((text) => line(text)),
    { 'splunk-format': 'json', tag: '' },
  );
  const found = [...(request?.body ?? '').matchAll(/"line":(.*?),"source"/g)].map(([, text]) => text);
  assert.deepEqual(found, [
    '{"a":1.0,"b":"\\u003c\\u0026 \\" x\\u003e"}',
    '[1]',
    '12345678901234567890',
    '"a  b"',
    '"{"',
    'null',
    '""',
  ]);
});

test('raw events are text after tag and attributes; lines of spaces are left out', async (t) => {
  const subject = { ...testSubject, attributes: { b: '2', a: '1' } };
  const [request] = await sent(t, [line('x'), line(' \t'), line('')], { 'splunk-format': 'raw', tag: 'T' }, subject);
  assert.equal(request?.body, '{"event":"T a=1 b=2 x","time":"1796088216.831986","host":"vm"}');
  assert.deepEqual(await sent(t, [line('  ')], { 'splunk-format': 'raw' }), []);
});

test('bytes that are no UTF-8 and huge lines arrive, with gzip too', async (t) => {
  const messages = [line(Buffer.from([0xff, 0x41])), line('é'.repeat(200_000))];
  const [request] = await sent(t, messages, {
    'splunk-gzip': 'true',
    'splunk-gzip-level': '9',
    'splunk-format': 'raw',
    tag: '',
  });
  assert.equal(request?.headers['content-encoding'], 'gzip');
  assert.match(request?.body ?? '', /^\{"event":"a=1 \ufffdA"/);
  assert.ok((request?.body.length ?? 0) > 200_000);
});

const REFUSALS: Readonly<Record<string, readonly [SplunkAnswer, RegExp]>> = {
  'an error, whose text may repeat the token': [
    ({ headers }, response) => response.writeHead(403).end(`no ${headers.authorization}`),
    /^splunk: failed to send event - 403 Forbidden - no Splunk \*\*\*$/,
  ],
  'an endless error': [
    (_request, response) => {
      response.writeHead(500);
      const more = setInterval(() => response.write(Buffer.alloc(10_000, 'x')), 1);
      response.on('close', () => clearInterval(more));
    },
    /^splunk: failed to send event - 500 Internal Server Error - x{4096}$/,
  ],
  'a redirection': [
    (_request, response) => response.writeHead(307, { Location: '/elsewhere' }).end(),
    /^splunk: failed to send event - 307 Temporary Redirect - $/,
  ],
  'the end of the connection': [(_request, response) => void response.socket?.destroy(), /socket hang up/],
  'half an answer': [
    (_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{', () => response.socket?.destroy());
    },
    /aborted/,
  ],
  'no HTTP': [(_request, response) => void response.socket?.end('SSH-2.0-x\r\n'), /Parse Error/],
};

for (const [name, [answer, message]] of Object.entries(REFUSALS)) {
  test(`${name} is an error, after which the next batch is sent`, async (t) => {
    await using receiver = await SplunkReceiver.listen();
    const sender = open(t, receiver.port);
    const succeed = receiver.answer;
    receiver.answer = answer;
    await assert.rejects(sender.send([line('a')], NEVER), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(String(error.stack), new RegExp(TOKEN));
      return true;
    });
    receiver.answer = succeed;
    const before = receiver.requests.length;
    await sender.send([line('b')], NEVER);
    assert.equal(receiver.requests.length, before + 1);
  });
}

test('a collector that never answers holds a batch no longer than the signal', async (t) => {
  await using receiver = await SplunkReceiver.listen();
  receiver.answer = () => {};
  await assert.rejects(open(t, receiver.port).send([line('a')], AbortSignal.timeout(30)));
});

test('the connection is checked at the start when splunk-verify-connection asks for it', async (t) => {
  await using receiver = await SplunkReceiver.listen();
  assert.equal(open(t, receiver.port).verify, undefined);
  const sender = open(t, receiver.port, { 'splunk-verify-connection': 'true' });
  await sender.verify?.(NEVER);
  assert.deepEqual([receiver.requests[0]?.method, receiver.requests[0]?.headers.authorization], ['OPTIONS', undefined]);
  receiver.answer = (_request, response) => response.writeHead(404).end('none');
  await assert.rejects(sender.verify?.(NEVER) ?? Promise.resolve(), {
    message: 'splunk: failed to verify connection - 404 Not Found - none',
  });
});

test('a token that no header can have is refused without naming it', () => {
  const options = { 'splunk-url': 'http://127.0.0.1:1', 'splunk-token': 'se\ncret' };
  assert.throws(() => splunk.openSender?.(testSubject, options), {
    kind: 'invalid',
    message: 'splunk: splunk-token has a character that a header cannot have',
  });
});
