import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect as http2Connect } from 'node:http2';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { notFound } from '../base/errors.ts';
import { errorDetail, findErrorDetail } from './error-details.ts';
import { connectGrpc } from './grpc-client.ts';
import { createGrpcServer, type ServerCall, serve } from './grpc-server.ts';
import { code, GrpcError } from './status.ts';
import { echo, never, serveEcho } from './testing/echo.ts';

interface Note {
  readonly text: string;
  readonly number: number;
}

async function all<T>(messages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

/** Handlers that answer with what they got. */
const ECHO = {
  Unary: async ({ text }: Note) => ({ text }),
  async *Down({ number }: Note) {
    for (let index = 0; index < number; index += 1) yield { number: index };
  },
  async Up(notes: AsyncIterable<Note>) {
    let number = 0;
    for await (const note of notes) number += note.number;
    return { number };
  },
  async *Both(notes: AsyncIterable<Note>) {
    for await (const { text } of notes) yield { text: `${text}!` };
  },
};

test('every kind of call, several at once on one connection', async () => {
  await using api = await serveEcho(ECHO);
  const { client } = api;
  const unary = Array.from({ length: 20 }, (_, index) => client.unary(echo.Unary, { text: `é${index}` }, {}, never));
  const down = client.call(echo.Down, {}, never);
  const up = client.call(echo.Up, {}, never);
  const both = client.call(echo.Both, {}, never);
  await down.send({ number: 3 });
  down.end();
  for (const number of [1, 2, 3]) assert.equal(await up.send({ number }), true);
  up.end();
  await both.send({ text: 'a' });
  const responses = both.responses[Symbol.asyncIterator]();
  assert.equal((await responses.next()).value?.text, 'a!'); // before the requests end
  await both.send({ text: 'b' });
  both.end();
  assert.equal((await responses.next()).value?.text, 'b!');
  assert.equal((await responses.next()).done, true);
  assert.deepEqual(
    (await all(down.responses)).map(({ number }) => number),
    [0, 1, 2],
  );
  assert.deepEqual(
    (await all(up.responses)).map(({ number }) => number),
    [6],
  );
  assert.deepEqual(
    (await Promise.all(unary)).map(({ text }) => text),
    Array.from({ length: 20 }, (_, index) => `é${index}`),
  );
});

test('HTTP/2 inside another stream', async () => {
  const [near, far] = duplexPair();
  const stop = new AbortController();
  const served = createGrpcServer(serve(echo, ECHO)).serve(far, stop.signal);
  await using client = connectGrpc(near);
  assert.equal((await client.unary(echo.Unary, { text: 'tunnel' }, {}, never)).text, 'tunnel');
  client.close();
  await served;
});

test('metadata: several values of a name stay apart, and bytes go as base64', async () => {
  let seen: ServerCall['metadata'] | undefined;
  await using api = await serveEcho({
    async Unary(_request, call) {
      seen = call.metadata;
      call.setHeaders({ 'x-answer': ['1', '2'], 'x-raw-bin': Buffer.from([0, 255]) });
      return {};
    },
  });
  const metadata = {
    FollowPaths: ['a, b', 'c'],
    'dir-name': 'context',
    'x-raw-bin': [Buffer.from('é'), Buffer.from([0])],
  };
  const call = api.client.call(echo.Unary, { metadata }, never);
  await call.send({});
  call.end();
  await all(call.responses);
  assert.deepEqual(seen?.all('followpaths'), ['a, b', 'c']);
  assert.equal(seen?.get('dir-name'), 'context');
  assert.deepEqual(seen?.bytes('x-raw-bin'), [Buffer.from('é'), Buffer.from([0])]);
  assert.deepEqual([...(seen?.names() ?? [])].sort(), ['dir-name', 'followpaths', 'x-raw-bin']);
  const headers = await call.headers;
  assert.deepEqual(headers.all('x-answer'), ['1', '2']);
  assert.deepEqual(headers.bytes('x-raw-bin'), [Buffer.from([0, 255])]);
});

test('metadata outside ASCII is refused where it is sent, and fails its call only', async () => {
  await using api = await serveEcho({
    async Unary(_request, call) {
      call.setHeaders({ 'x-answer': 'a\nb' });
      return {};
    },
    Up: ECHO.Up,
  });
  await assert.rejects(api.client.unary(echo.Unary, {}, { metadata: { 'dir-name': '€' } }, never), {
    code: code.internal,
  });
  await assert.rejects(api.client.unary(echo.Unary, {}, {}, never), { code: code.internal });
  const up = api.client.call(echo.Up, {}, never);
  up.end();
  assert.equal((await all(up.responses)).length, 1);
});

test('a thousand values of a name and an error of 40 kB arrive', async () => {
  const long = 'x'.repeat(30_000);
  await using api = await serveEcho({
    async Unary(_request, { metadata }) {
      throw new GrpcError(code.unknown, String(metadata.all('followpaths').length), {
        details: [errorDetail('errdefs.Source', { info: { data: long } })],
      });
    },
  });
  const followpaths = Array.from({ length: 1000 }, (_, index) => `folder/file-${index}`);
  const failed = api.client.unary(echo.Unary, {}, { metadata: { followpaths } }, never);
  const error = await failed.then(
    () => assert.fail('succeeded'),
    (reason: GrpcError) => reason,
  );
  assert.equal(error.message, '1000');
  assert.deepEqual(findErrorDetail(error.details, 'errdefs.Source'), { info: { data: long } });
});

test('of an error that is too large for trailers the largest details go, and a long text loses its middle', async () => {
  const long = 'ü'.repeat(1_000_000);
  await using api = await serveEcho({
    async Unary({ text }) {
      const large = errorDetail('errdefs.Source', { info: { data: long } });
      const small = errorDetail('gatewayapi.ExitMessage', { Code: 3 });
      if (text === 'text') throw new GrpcError(code.unknown, `begin ${long} end`, { details: [small] });
      throw new GrpcError(code.unknown, text, { details: [large, small] });
    },
  });
  const failure = (text: string) =>
    api.client.unary(echo.Unary, { text }, {}, never).then(
      () => assert.fail('succeeded'),
      (reason: GrpcError) => reason,
    );
  const cut = await failure('text');
  assert.match(cut.message, /^begin ü+ … \(\d+ characters\) … ü+ end$/);
  for (const { details } of [cut, await failure('details')]) {
    assert.deepEqual(findErrorDetail(details, 'gatewayapi.ExitMessage'), { Code: 3 });
    assert.equal(findErrorDetail(details, 'errdefs.Source'), undefined);
  }
});

test('errors keep their code, text and details, before and after responses', async () => {
  const message = 'process "/bin/sh" failed: 100% über\n';
  const details = [
    errorDetail('errdefs.Source', {
      info: { filename: 'Dockerfile' },
      ranges: [{ start: { line: 3 }, end: { line: 3 } }],
    }),
    { type_url: 'type.googleapis.com/foreign.Type', value: Buffer.from([1, 2, 3]) },
  ];
  const error = new GrpcError(code.failedPrecondition, message, { details });
  await using api = await serveEcho({
    async Unary() {
      throw error;
    },
    async *Down() {
      yield { number: 1 };
      throw error;
    },
  });
  const expected = { name: 'GrpcError', code: code.failedPrecondition, message, details };
  await assert.rejects(api.client.unary(echo.Unary, {}, {}, never), expected);
  const down = api.client.call(echo.Down, {}, never);
  await down.send({});
  down.end();
  const responses = down.responses[Symbol.asyncIterator]();
  assert.equal((await responses.next()).value?.number, 1);
  await assert.rejects(responses.next(), expected);
  assert.equal(details[0]?.type_url, 'github.com/moby/buildkit/errdefs.Source+json');
  assert.deepEqual(api.faults, []);
});

test('an error of the engine has the code of its kind, any other is Unknown and a fault', async () => {
  const defect = new TypeError('x is undefined');
  await using api = await serveEcho({
    async Unary({ text }) {
      throw text === 'defect' ? defect : notFound('image', 'a');
    },
  });
  await assert.rejects(api.client.unary(echo.Unary, {}, {}, never), {
    code: code.notFound,
    message: 'No such image: a',
  });
  await assert.rejects(api.client.unary(echo.Unary, { text: 'defect' }, {}, never), { code: code.unknown });
  assert.deepEqual(api.faults, [defect]);
});

test('a method without handler is Unimplemented', async () => {
  await using api = await serveEcho({});
  await assert.rejects(api.client.unary(echo.Unary, {}, {}, never), {
    code: code.unimplemented,
    message: 'unknown method /test.Echo/Unary',
  });
});

test('a cancelled call is Cancelled on both sides, and the handler cleans up', async () => {
  const seen: ServerCall[] = [];
  let cleaned = 0;
  await using api = await serveEcho({
    async *Both(requests, call) {
      seen.push(call);
      try {
        for await (const { number } of requests) yield { number };
      } finally {
        cleaned += 1;
      }
    },
    async Unary(_request, call) {
      seen.push(call);
      return await new Promise(() => undefined); // ignores the signal
    },
  });
  for (const method of [echo.Both, echo.Unary] as const) {
    const abort = new AbortController();
    const call = api.client.call(method, {}, abort.signal);
    await call.send({ number: 1 });
    if (method === echo.Unary) call.end();
    while (seen.length === 0) await sleep(1);
    abort.abort();
    await assert.rejects(all(call.responses), { code: code.cancelled });
    const signal = (seen.pop() as ServerCall).signal;
    if (!signal.aborted) await once(signal, 'abort');
    assert.equal((signal.reason as GrpcError).code, code.cancelled);
    assert.equal(await call.send({}), false);
  }
  while (cleaned === 0) await sleep(1);
  await assert.rejects(api.client.unary(echo.Unary, {}, {}, AbortSignal.abort()), { code: code.cancelled });
});

test('responses that are not read to the end cancel the call', async () => {
  const data = Buffer.alloc(4096);
  let call: ServerCall | undefined;
  await using api = await serveEcho({
    async *Down(_request, served) {
      call = served;
      for (;;) yield { number: 1, data };
    },
  });
  const down = api.client.call(echo.Down, {}, never);
  await down.send({});
  down.end();
  for await (const { number } of down.responses) {
    assert.equal(number, 1);
    break;
  }
  assert.ok(call);
  if (!call.signal.aborted) await once(call.signal, 'abort');
});

test('deadlines: the client does not wait longer, and the server ends the call by itself', async () => {
  let reason: unknown;
  await using api = await serveEcho({
    async Unary(_request, { signal }) {
      await once(signal, 'abort');
      reason = signal.reason;
      return {};
    },
  });
  const expected = { code: code.deadlineExceeded, message: 'context deadline exceeded' };
  await assert.rejects(api.client.unary(echo.Unary, {}, { timeoutMs: 20 }, never), expected);
  // As other clients: the timeout is a header only.
  await assert.rejects(api.client.unary(echo.Unary, {}, { metadata: { 'grpc-timeout': '20000u' } }, never), expected);
  assert.equal((reason as GrpcError).code, code.deadlineExceeded);
  await assert.rejects(api.client.unary(echo.Unary, {}, { metadata: { 'grpc-timeout': '1x' } }, never), {
    code: code.invalidArgument,
  });
});

test('a lost connection fails its calls as Unavailable, and cancels their handlers', async () => {
  const signals: AbortSignal[] = [];
  await using api = await serveEcho({
    async Unary(_request, { signal }) {
      signals.push(signal);
      return await new Promise(() => undefined);
    },
  });
  const socket = api.connect();
  const client = connectGrpc(socket);
  const failed = assert.rejects(client.unary(echo.Unary, {}, {}, never), { code: code.unavailable });
  while (signals.length === 0) await sleep(1);
  socket.destroy();
  await failed;
  await client.closed;
  const [signal] = signals;
  if (signal?.aborted === false) await once(signal, 'abort');
  await assert.rejects(client.unary(echo.Unary, {}, {}, never), { code: code.unavailable });
  assert.deepEqual(api.faults, []);
});

test('a handler may answer before the requests end: the client learns it by its next request', async () => {
  await using api = await serveEcho({
    async Up(requests) {
      for await (const { number } of requests) return { number };
      return {};
    },
  });
  const up = api.client.call(echo.Up, {}, never);
  await up.send({ number: 7 });
  assert.deepEqual(
    (await all(up.responses)).map(({ number }) => number),
    [7],
  );
  while (await up.send({ number: 8 })) await sleep(1);
});

test('messages have limits: 4 MiB from a client, 16 MiB for what a server receives', async () => {
  await using api = await serveEcho({ Unary: async ({ data }) => ({ number: data.length }) });
  const size = 4 * 1024 * 1024 - 5;
  assert.equal((await api.client.unary(echo.Unary, { data: Buffer.alloc(size) }, {}, never)).number, size);
  const large = { data: Buffer.alloc(size + 1) };
  await assert.rejects(api.client.unary(echo.Unary, large, {}, never), { code: code.resourceExhausted });
  const [status] = await raw(api.socketPath, Buffer.from([0, 1, 0, 0, 1]));
  assert.equal(status, String(code.resourceExhausted));
});

/** Sends bytes as the only request, and returns `grpc-status` and the HTTP status. */
async function raw(path: string, bytes: Buffer, contentType = 'application/grpc') {
  const { connect } = await import('node:net');
  const session = http2Connect('http://x', { createConnection: () => connect(path) });
  const stream = session.request({ ':method': 'POST', ':path': '/test.Echo/Unary', 'content-type': contentType });
  stream.end(bytes);
  let status: unknown;
  stream.on('trailers', (trailers) => {
    status = trailers['grpc-status'];
  });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  stream.resume();
  await once(stream, 'close');
  session.close();
  return [headers['grpc-status'] ?? status, headers[':status']] as const;
}

test('hostile requests get a status, and the server goes on', async () => {
  await using api = await serveEcho(ECHO);
  for (const [bytes, expected] of [
    ['', code.internal],
    ['00', code.internal],
    ['0000000005', code.internal],
    ['0000000000 0000000000', code.internal],
    ['0100000000', code.unimplemented],
    ['00ffffffff', code.resourceExhausted],
    ['0000000003 0aff01', code.internal],
    ['0000000002 0001', code.internal],
  ] as const) {
    const [status] = await raw(api.socketPath, Buffer.from(bytes.replaceAll(' ', ''), 'hex'));
    assert.equal(status, String(expected), bytes);
  }
  assert.deepEqual(await raw(api.socketPath, Buffer.alloc(5), 'application/json'), [undefined, 415]);
  const garbage = api.connect();
  garbage.on('error', () => undefined).write('GET / HTTP/1.1\r\n\r\n');
  garbage.resume();
  await once(garbage, 'close');
  assert.equal((await api.client.unary(echo.Unary, { text: 'up' }, {}, never)).text, 'up');
  assert.deepEqual(api.faults, []);
});

test('a client learns why an answer is no gRPC', async () => {
  const { createServer } = await import('node:http2');
  const server = createServer((request, response) => {
    if (request.url.endsWith('/Unary')) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
  });
  const [near, far] = duplexPair();
  server.emit('connection', far);
  await using client = connectGrpc(near);
  await assert.rejects(client.unary(echo.Unary, {}, {}, never), { code: code.unavailable, message: 'HTTP status 503' });
  const down = client.call(echo.Down, {}, never);
  down.end();
  await assert.rejects(all(down.responses), { code: code.unknown, message: 'response has content type "text/html"' });
});

test('no descriptor is left, whoever ends the connection', async () => {
  await using api = await serveEcho(ECHO);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  await api.client.unary(echo.Unary, {}, {}, never);
  const before = descriptors();
  for (let count = 0; count < 10; count += 1) {
    await using client = connectGrpc(api.connect());
    await client.unary(echo.Unary, {}, {}, never);
    api.connect().resume().end();
    const unused = api.connect();
    await once(unused, 'connect');
    unused.destroy();
  }
  while (descriptors() > before) await sleep(5);
});
