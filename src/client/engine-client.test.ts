import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EngineClient, jsonLines, resolveEndpoints } from './index.ts';

interface Fixture extends AsyncDisposable {
  readonly path: string;
  readonly client: EngineClient;
  readonly connections: () => number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function engine(handler: Handler, prepare: (server: Server) => void = () => {}): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-client-'));
  const path = join(folder, 'engine.sock');
  let connections = 0;
  const server = createServer((request, response) => {
    const version = /^\/v1\.(\d+)\//.exec(request.url ?? '')?.[1];
    if (request.url === '/_ping') response.setHeader('Api-Version', '1.45').end();
    else if (Number(version) > 45) {
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end(`{"message":"client version 1.${version} is too new. Maximum supported API version is 1.45"}`);
    } else handler(request, response);
  });
  server.on('connection', () => connections++);
  prepare(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = new EngineClient({ endpoints: [{ kind: 'unix', path }] });
  return {
    path,
    client,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

test('the API version is the older of both sides’, and requests carry it', async () => {
  const urls: string[] = [];
  await using fixture = await engine((request, response) => {
    urls.push(request.url ?? '');
    response.end('{"ok":true}');
  });
  assert.equal(await fixture.client.apiVersion(), '1.45');
  assert.deepEqual(
    await fixture.client.json({
      method: 'GET',
      path: '/info',
      query: { a: 'x&y', b: true, c: undefined, d: ['1', '2'] },
    }),
    { ok: true },
  );
  assert.deepEqual(urls, ['/v1.45/info?a=x%26y&b=1&d=1&d=2']);
});

test('one connection serves requests that follow each other', async () => {
  await using fixture = await engine((_request, response) => response.end('[]'));
  for (let count = 0; count < 5; count++) await fixture.client.json({ method: 'GET', path: '/x' });
  assert.equal(fixture.connections(), 1);
});

test('bodies are sent as JSON with their length, streams in chunks', async () => {
  const seen: string[] = [];
  await using fixture = await engine((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push(
        `${request.headers['content-type']} ${request.headers['content-length']} ${request.headers['transfer-encoding']} ${body}`,
      );
      response.end();
    });
  });
  await fixture.client.send({ method: 'POST', path: '/a', json: { é: 1 } });
  await fixture.client.send({ method: 'POST', path: '/b' });
  async function* source() {
    yield Buffer.from('one');
    yield Buffer.alloc(0);
    yield Buffer.from('two');
  }
  await fixture.client.send({
    method: 'POST',
    path: '/c',
    stream: source(),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  assert.deepEqual(seen, [
    'application/json 8 undefined {"é":1}',
    'undefined 0 undefined ',
    'application/x-tar undefined chunked onetwo',
  ]);
});

test('a refusal becomes an error of its kind, in docker’s words', async () => {
  await using fixture = await engine((request, response) => {
    if (request.url?.endsWith('/json'))
      response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"message":"No such container: x"}');
    else if (request.url?.endsWith('/text')) response.writeHead(500, { 'Content-Type': 'text/plain' }).end('boom\n');
    else response.writeHead(409).end();
  });
  const get = (path: string) => fixture.client.json({ method: 'GET', path });
  await assert.rejects(get('/json'), { kind: 'notFound', message: 'Error response from daemon: No such container: x' });
  await assert.rejects(get('/text'), { kind: 'internal', message: 'Error response from daemon: boom' });
  await assert.rejects(get('/other'), {
    kind: 'conflict',
    message: 'Error response from daemon: request returned status 409',
  });
});

test('304 says that nothing changed', async () => {
  await using fixture = await engine((_request, response) => response.writeHead(304).end());
  assert.equal(await fixture.client.send({ method: 'POST', path: '/start' }), false);
});

test('a stream of JSON lines survives any cut, and keeps big numbers exact', async () => {
  await using fixture = await engine((_request, response) => {
    const text = '{"a":"é","n":1795226473310175393}\n\n{"b":2}\r\n{"c":3}';
    for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]));
    response.end();
  });
  const response = await fixture.client.request({ method: 'GET', path: '/events' });
  const lines: unknown[] = [];
  for await (const line of jsonLines(response.body)) lines.push(line);
  assert.deepEqual(lines, [{ a: 'é', n: 1795226473310175393n }, { b: 2 }, { c: 3 }]);
});

test('leaving a stream early closes its connection, and the next request has another', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using fixture = await engine((request, response) => {
    if (request.url?.endsWith('/events')) {
      response.write('{"n":1}\n');
      response.on('close', resolve);
    } else response.end('1');
  });
  const response = await fixture.client.request({ method: 'GET', path: '/events' });
  for await (const _line of jsonLines(response.body)) break;
  await closed;
  assert.equal(await fixture.client.json({ method: 'GET', path: '/x' }), 1);
});

test('an answer that breaks off in the middle is an error, not a short body', async () => {
  await using fixture = await engine((_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('{"a":');
    setImmediate(() => response.destroy());
  });
  await assert.rejects(fixture.client.json({ method: 'GET', path: '/x' }), { kind: 'unavailable' });
});

test('aborting ends a request that waits', async () => {
  const abort = new AbortController();
  await using fixture = await engine(() => abort.abort());
  await assert.rejects(fixture.client.json({ method: 'GET', path: '/x', signal: abort.signal }), { kind: 'cancelled' });
});

for (const status of ['101 UPGRADED', '200 OK']) {
  test(`a connection is taken over after ${status}, in both directions, with half-close`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gantry-client-'));
    const path = join(folder, 'engine.sock');
    const server = createRawServer({ allowHalfOpen: true }, (socket: Socket) => {
      let head = '';
      socket.on('data', (chunk) => {
        if (head.endsWith('\r\n\r\n')) return socket.write(`echo ${chunk}`);
        head += chunk;
        // The first bytes of the stream may come with the head.
        if (head.endsWith('\r\n\r\n'))
          socket.write(`HTTP/1.1 ${status}\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nhello `);
      });
      socket.on('end', () => socket.end('bye'));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = new EngineClient({ endpoints: [{ kind: 'unix', path }], apiVersion: '1.45' });
    const { socket, contentType } = await client.hijack({ method: 'POST', path: '/containers/x/attach' });
    assert.equal(contentType, 'application/vnd.docker.raw-stream');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (text === 'hello ') socket.write('in');
      if (text === 'hello echo in') socket.end();
    });
    socket.resume();
    await new Promise((resolve) => socket.on('end', resolve));
    assert.equal(text, 'hello echo inbye');
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
}

test('an engine that is not there is told with what to do', async () => {
  const client = new EngineClient({
    endpoints: [
      { kind: 'unix', path: '/nowhere/a.sock' },
      { kind: 'unix', path: '/nowhere/b.sock' },
    ],
  });
  await assert.rejects(client.json({ method: 'GET', path: '/x' }), (error: Error) => {
    assert.match(
      error.message,
      /^Cannot connect to the Docker daemon at unix:\/\/\/nowhere\/a\.sock\. Is the docker daemon running\?/,
    );
    assert.match(error.message, /Also tried unix:\/\/\/nowhere\/b\.sock.*sudo gantryd.*DOCKER_HOST/s);
    return true;
  });
});

test('the second default socket is used when the first has no engine', async () => {
  await using fixture = await engine((_request, response) => response.end('1'));
  const client = new EngineClient({
    endpoints: [
      { kind: 'unix', path: '/nowhere/a.sock' },
      { kind: 'unix', path: fixture.path },
    ],
  });
  assert.equal(await client.json({ method: 'GET', path: '/x' }), 1);
  assert.deepEqual(client.endpoint, { kind: 'unix', path: fixture.path });
  client.close();
});

test('what the user names decides where the engine is', () => {
  const resolve = (hosts: string[], env: Record<string, string> = {}) => resolveEndpoints({ hosts, env });
  assert.deepEqual(
    resolve([]).map((each) => each.kind === 'unix' && each.path),
    ['/var/run/docker.sock', '/run/gantry/gantry.sock'],
  );
  assert.deepEqual(resolve([], { DOCKER_HOST: 'unix:///a.sock' }), [{ kind: 'unix', path: '/a.sock' }]);
  assert.deepEqual(resolve(['tcp://h:1'], { DOCKER_HOST: 'unix:///a.sock' }), [{ kind: 'tcp', host: 'h', port: 1 }]);
  assert.deepEqual(resolve(['tcp://[::1]:5']), [{ kind: 'tcp', host: '::1', port: 5 }]);
  assert.deepEqual(resolve(['example.org']), [{ kind: 'tcp', host: 'example.org', port: 2375 }]);
  assert.throws(() => resolve(['ssh://host']), /use unix:\/\/.*ssh -L/);
  assert.throws(() => resolve(['foo://x']), /unsupported proto 'foo'/);
  assert.throws(() => resolve(['tcp://h:99999']), /unable to parse docker host/);
});

test('a signal ends the wait for an engine that says nothing, and a later request asks again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-client-'));
  const path = join(folder, 'engine.sock');
  const sockets = new Set<Socket>();
  let isSilent = true;
  const server = createRawServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    if (!isSilent) socket.end('HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = new EngineClient({ endpoints: [{ kind: 'unix', path }] });
  try {
    const stop = new AbortController();
    const waiting = [
      client.hijack({ method: 'POST', path: '/grpc', signal: stop.signal }),
      client.send({ method: 'POST', path: '/x', signal: stop.signal }),
    ];
    await new Promise<void>((resolve) => server.once('connection', () => resolve()));
    stop.abort();
    for (const each of waiting) await assert.rejects(each, { kind: 'cancelled' });
    await assert.rejects(client.hijack({ method: 'POST', path: '/grpc', signal: AbortSignal.abort() }), {
      kind: 'cancelled',
    });
    isSilent = false;
    assert.equal(await client.apiVersion(), '1.45');
  } finally {
    client.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  }
});
