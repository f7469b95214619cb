import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { readAll, readUntil, serve } from '../testing/serve.ts';
import { API_VERSION } from '../versions/api-version.ts';

const SERVER = `Api-Version: ${API_VERSION}\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Gantry/0.0.0 (linux)\r\n\r\n`;
const HEAD_101 = `HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${SERVER}`;
const HEAD_200 = `HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n${SERVER}`;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
const ATTACH = 'POST /v1.45/containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n';

/** Writes every byte separately, so that no read of the server gets more than it needs. */
async function trickle(socket: NodeJS.WritableStream, text: string): Promise<void> {
  for (const char of text) {
    socket.write(char);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('attach with Upgrade: 101, stdin sent with the head arrives, half-close reaches the process', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.end(`${ATTACH}${UPGRADE}\r\nGET / HTTP/1.1 is only stdin`);
  assert.equal(await readAll(socket), `${HEAD_101}>GET / HTTP/1.1 is only stdin<end`);
});

test('attach without Upgrade: 200, and stdin is not taken for the next request', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.end(`${ATTACH}\r\nGET /_ping HTTP/1.1\r\n\r\n`);
  assert.equal(await readAll(socket), `${HEAD_200}>GET /_ping HTTP/1.1\r\n\r\n<end`);
});

test('attach without Upgrade works on a connection that served requests before, and byte by byte', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(socket, 'OK');
  await trickle(socket, `${ATTACH}\r\n`);
  assert.equal(await readUntil(socket, '\r\n\r\n'), HEAD_200);
  socket.end('data');
  assert.equal(await readAll(socket), '>data<end');
});

for (const headers of [
  'Upgrade: tcp\r\n',
  'Connection: keep-alive\r\nUpgrade: tcp\r\n',
  'upgrade: TCP\r\nConnection: close\r\n',
]) {
  test(`attach with Upgrade and not the connection's option is a hijack: ${headers.trim().replace('\r\n', ', ')}`, async () => {
    await using api = await serve();
    const socket = api.connect();
    await trickle(socket, `${ATTACH}${headers}\r\n`);
    assert.equal(await readUntil(socket, '\r\n\r\n'), HEAD_101);
    socket.end('GET /_ping');
    assert.equal(await readAll(socket), '>GET /_ping<end');
  });
}

test('the option upgrade is found among others', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.end(`${ATTACH}Connection: keep-alive, Upgrade\r\nUpgrade: tcp\r\n\r\nx`);
  assert.equal(await readAll(socket), `${HEAD_101}>x<end`);
});

test('before 1.42 the content type is raw for both kinds', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.end(`${ATTACH.replace('1.45', '1.41')}${UPGRADE}\r\n`);
  assert.match(await readAll(socket), /Content-Type: application\/vnd\.docker\.raw-stream\r\n/);
});

const execStart = (body: string, headers: string): string =>
  `POST /exec/e1/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;

for (const [name, upgrade, head] of [
  ['with', UPGRADE, HEAD_101],
  ['without', '', HEAD_200],
] as const) {
  test(`exec start ${name} Upgrade: the JSON body is read from the connection, what follows is stdin`, async () => {
    await using api = await serve();
    const body = '{"Detach":false,"Tty":false}';
    const socket = api.connect();
    socket.end(`${execStart(body, `Content-Length: ${body.length}\r\n${upgrade}`)}stdin`);
    assert.equal(await readAll(socket), `${head}>stdin<end`);
    assert.deepEqual(api.journal, ['execStart "e1" {"detach":false,"tty":false}']);
  });

  test(`exec start ${name} Upgrade: a chunked body in pieces`, async () => {
    await using api = await serve();
    const socket = api.connect();
    await trickle(
      socket,
      execStart(
        'd;x=y\r\n{"Tty":false,\r\n8\r\n"a":"b"}\r\n0\r\nTrailer: x\r\n\r\n',
        `Transfer-Encoding: chunked\r\n${upgrade}`,
      ),
    );
    assert.equal(await readUntil(socket, '\r\n\r\n'), head);
    socket.end('stdin');
    assert.equal(await readAll(socket), '>stdin<end');
  });

  test(`exec start ${name} Upgrade: detached and failing ones are ordinary answers`, async () => {
    await using api = await serve();
    const body = '{"Detach":true}';
    const detached = api.connect();
    detached.end(execStart(body, `Content-Length: ${body.length}\r\n${upgrade}`));
    assert.match(await readAll(detached), /^HTTP\/1\.1 200 OK\r\n/);
    const broken = api.connect();
    broken.end(execStart('{"Tty":1}', `Content-Length: 9\r\n${upgrade}`));
    assert.match(await readAll(broken), /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*cannot unmarshal number/);
    const unknown = api.connect();
    unknown.end(execStart('{}', `Content-Length: 2\r\n${upgrade}`).replace('e1', 'e2'));
    assert.match(await readAll(unknown), /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*No such exec instance: e2/);
    const endless = api.connect();
    endless.write(execStart('', `Content-Length: 99999999999\r\n${upgrade}`));
    assert.match(await readUntil(endless, '}'), /^HTTP\/1\.1 413 /);
    endless.destroy();
  });
}

test('Upgrade on a route that takes no connection over is ignored', async () => {
  await using api = await serve();
  const answer = await api.ask('GET', '/_ping', undefined, { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c' });
  assert.equal(answer.text, 'OK');
});

test('pipelined requests are answered in order', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.end(
    [1, 2, 3].map((id) => `GET /networks/n${id} HTTP/1.1\r\nHost: x\r\n\r\n`).join('') +
      'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  const text = await readAll(socket);
  assert.deepEqual(text.match(/"Name":"n\d"|OK$/g), ['"Name":"n1"', '"Name":"n2"', '"Name":"n3"', 'OK']);
});

test('a hijack that follows a request in one write is answered after it, also when it is refused', async () => {
  await using api = await serve();
  for (const [name, answer] of [
    ['web', /101 UPGRADED/],
    ['nope', /404 Not Found/],
  ] as const) {
    const socket = api.connect();
    const attach = `POST /v1.45/containers/${name}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`;
    socket.end(`GET /networks/n1 HTTP/1.1\r\nHost: x\r\n\r\n${attach}`);
    const text = await readAll(socket);
    assert.match(text, answer);
    assert.ok(text.indexOf('"Name":"n1"') < text.search(answer), text);
  }
});

test('wait: the head goes out before there is a result', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.write('POST /containers/web/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(api.signals[0]?.aborted, false);
  socket.destroy();
  await once(api.signals[0] as AbortSignal, 'abort');
});

test('a client that only half-closes still gets its answer, one that goes is noticed without any output', async () => {
  await using api = await serve();
  const half = api.connect();
  half.end('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(half, '\r\n\r\n');
  assert.equal(api.events.listeners(), 1);
  api.events.emit('image', 'tag', 'i1', {});
  assert.match(await readUntil(half, '}'), /"Action":"tag"/);

  half.destroy();
  const gone = api.connect();
  gone.write('POST /containers/web/wait?condition=removed HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(gone, '\r\n\r\n');
  const signal = api.signals[0] as AbortSignal;
  gone.destroy();
  if (!signal.aborted) await once(signal, 'abort');
});

test('broken requests are refused by the parser and leave the server up', async () => {
  await using api = await serve();
  for (const bytes of ['nonsense\r\n\r\n', 'POST /containers/web/attach HTTP/9.9\r\n\r\n', 'POST /exec/e1/sta']) {
    const socket = api.connect();
    socket.end(bytes);
    assert.match(await readAll(socket), /^HTTP\/1\.1 400 /);
  }
  assert.equal((await api.ask('GET', '/_ping')).text, 'OK');
});
