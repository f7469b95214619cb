import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, connect as http2Connect } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import * as z from 'zod/mini';
import { bind, defineRoute } from '../route.ts';
import { readUntil, type ServedApi, serve } from '../testing/serve.ts';

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';
const HEAD_101 = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';

const request = (path: string, headers: string, version = '1.1'): string =>
  `POST ${path} HTTP/${version}\r\nHost: x\r\n${headers}\r\n`;

/** A route whose connection becomes HTTP/2, on which every request is answered with its path. */
function echoRoute(path: string, more: { priorKnowledge?: boolean; wrongUpgrade?: 'invalid'; delayMs?: number } = {}) {
  const { delayMs = 0, ...spec } = more;
  const server = createServer();
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(`path ${headers[':path']}`);
  });
  const route = defineRoute({
    method: 'POST',
    path,
    connection: 'h2c',
    ...spec,
    query: z.object({}),
    handle: async () => ({
      async hijack(connection: Duplex) {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
        server.emit('connection', connection);
        await once(connection, 'close');
      },
    }),
  });
  return bind(route, undefined);
}

/** Asks by HTTP/2 on a connection that is the server's already, and closes it. */
async function askHttp2(socket: Socket, path = '/asked'): Promise<string> {
  const session = http2Connect('http://localhost', { createConnection: () => socket });
  const stream = session.request({ ':path': path });
  const text = Buffer.concat(await stream.toArray()).toString();
  session.close();
  await once(session, 'close');
  return text;
}

async function upgraded(api: ServedApi, head: string): Promise<Socket> {
  const socket = connect(api.socketPath);
  socket.write(head);
  const answer = await readUntil(socket, '\r\n\r\n');
  assert.equal(answer.slice(0, HEAD_101.length), HEAD_101);
  socket.unshift(Buffer.from(answer.slice(HEAD_101.length), 'latin1')); // the server's SETTINGS may be with it
  return socket;
}

test('a route that declares h2c answers 101 with that protocol, with and without a version', async () => {
  await using api = await serve([echoRoute('/echo')]);
  for (const head of [
    request('/echo', UPGRADE),
    request('/v1.45/echo?a=b', UPGRADE),
    request('http://engine/echo', UPGRADE),
    request('/echo', `${UPGRADE}Content-Length: 0\r\n`),
    request('/echo', 'Upgrade: h2c\r\n'),
    request('/echo', 'Connection: keep-alive\r\nUpgrade: h2c\r\n'),
    request('/echo', UPGRADE, '1.0'),
  ]) {
    assert.equal(await askHttp2(await upgraded(api, head)), 'path /asked', head);
  }
});

test('bytes that follow the head at once or before the server reads them arrive', async () => {
  await using api = await serve([echoRoute('/echo', { delayMs: 50 })]);
  // The session writes its preface and the request before the server has HTTP/2 on the connection.
  const socket = connect(api.socketPath);
  socket.write(request('/echo', UPGRADE));
  const parts: Buffer[] = [];
  const session = http2Connect('http://localhost', { createConnection: () => withoutHead(socket, parts) });
  const stream = session.request({ ':path': '/glued' });
  assert.equal(Buffer.concat(await stream.toArray()).toString(), 'path /glued');
  session.close();
  assert.equal(Buffer.concat(parts).toString('latin1'), HEAD_101);
});

/** Removes the 101 from what is read, so that HTTP/2 can begin before it has come. */
function withoutHead(socket: Socket, parts: Buffer[]): Duplex {
  let missing = HEAD_101.length;
  const through = new Duplex({
    read: () => socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, () => done()),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    const head = chunk.subarray(0, missing);
    missing -= head.length;
    if (head.length > 0) parts.push(head);
    if (chunk.length > head.length) through.push(chunk.subarray(head.length));
  });
  socket.on('end', () => through.push(null));
  return through;
}

for (const [wrongUpgrade, status] of [
  [undefined, 500],
  ['invalid', 400],
] as const) {
  test(`another protocol or none is ${status} in dockerd’s words, and the connection goes on`, async () => {
    await using api = await serve([echoRoute('/echo', wrongUpgrade === undefined ? {} : { wrongUpgrade })]);
    const socket = api.connect();
    for (const path of ['/echo', '/v1.45/echo']) {
      for (const [headers, message] of [
        ['', 'no upgrade proto in request'],
        ['Connection: Upgrade\r\nUpgrade: tcp\r\n', 'protocol tcp not supported'],
        ['Connection: Upgrade\r\nUpgrade: H2C\r\n', 'protocol H2C not supported'],
        ['Upgrade: websocket\r\n', 'protocol websocket not supported'],
      ]) {
        socket.write(request(path, headers ?? ''));
        const answer = await readUntil(socket, '}\n');
        assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
        assert.equal(answer.slice(answer.indexOf('{')), `{"message":"${message}"}\n`);
      }
    }
    socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(await readUntil(socket, 'OK'), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });
}

test('a raw stream’s 101 says tcp whatever the client puts into Upgrade', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.write(request('/containers/web/attach?stream=1', UPGRADE));
  assert.match(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1\.1 101 UPGRADED\r\n[\s\S]*\r\nUpgrade: tcp\r\n/);
  socket.destroy();
});

test('a connection that begins with HTTP/2’s preface is the route’s that declares it', async () => {
  await using api = await serve([echoRoute('/other'), echoRoute('/echo', { priorKnowledge: true })]);
  assert.equal(await askHttp2(connect(api.socketPath)), 'path /asked');
});

test('a preface in pieces is recognised, and what only begins like one is refused by the parser', async () => {
  await using api = await serve([echoRoute('/echo', { priorKnowledge: true })]);
  const socket = api.connect();
  // The preface, and empty SETTINGS (RFC 9113, 6.5).
  for (const char of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0') {
    socket.write(char, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await readUntil(socket, '\0\0\0\x04\x01\0\0\0\0')).charCodeAt(3), 4); // SETTINGS, then their acknowledgement
  socket.destroy();
  for (const bytes of ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 'PRI * HTTP/2.0\r\n']) {
    const broken = api.connect();
    broken.end(bytes);
    assert.match(Buffer.concat(await broken.toArray()).toString(), /^HTTP\/1\.1 400 /);
  }
  assert.equal((await api.ask('GET', '/_ping')).text, 'OK');
});

test('no descriptor is left of connections that their clients end, close or never use', async () => {
  await using api = await serve([echoRoute('/echo', { priorKnowledge: true })]);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  await askHttp2(connect(api.socketPath)); // what the first use opens stays open
  const before = descriptors();
  for (let count = 0; count < 5; count += 1) {
    await askHttp2(await upgraded(api, request('/echo', UPGRADE)));
    await askHttp2(connect(api.socketPath));
    (await upgraded(api, request('/echo', UPGRADE))).resume().end();
    (await upgraded(api, request('/echo', UPGRADE))).destroy();
  }
  while (descriptors() > before) await new Promise((resolve) => setTimeout(resolve, 10));
});
