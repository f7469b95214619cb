import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAll, readUntil, serve } from '../testing/serve.ts';

const JSON_HEAD = 'Content-Type: application/json\r\n';

test('whoever asks for the end of the connection gets it with every answer', async () => {
  await using api = await serve();
  const requests: readonly [line: string, headers: string, status: number][] = [
    ['GET /_ping', '', 200],
    ['GET /version', '', 200],
    ['GET /nope', '', 404],
    ['POST /nope', 'Content-Length: 2\r\n', 404],
    ['OPTIONS /nope', '', 200],
    ['GET /v9.9/version', '', 400],
    ['GET /v0.1/version', '', 400],
    ['GET //version', '', 301],
    ['GET /containers/nope/logs?stdout=1', '', 404],
    ['POST /containers/nope/start', '', 404],
    ['POST /containers/create', `${JSON_HEAD}Content-Length: 2\r\n`, 400],
    ['POST /containers/create', `${JSON_HEAD}Content-Length: 99999999\r\n`, 413],
    ['POST /containers/nope/attach', '', 404],
    ['POST /exec/nope/start', `${JSON_HEAD}Content-Length: 2\r\n`, 404],
    ['POST /images/load', 'Content-Length: 2\r\n', 200],
    ['POST /containers/web/wait', '', 200],
  ];
  for (const [line, headers, status] of requests) {
    for (const [version, more] of [
      ['1.1', 'Host: x\r\nConnection: close\r\n'],
      ['1.0', ''],
      ['1.0', 'Host: x\r\n'],
    ] as const) {
      const socket = api.connect();
      const body = headers.includes('Length: 2\r\n') ? '{}' : '';
      socket.write(`${line} HTTP/${version}\r\n${more}${headers}\r\n${body}`);
      const large = headers.includes('99999999');
      if (large) socket.end();
      const answer = await readAll(socket);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${line} ${version}`);
      assert.doesNotMatch(answer, /^Connection: keep-alive/im, `${line} ${version}`);
      socket.destroy();
    }
  }
});

test('HTTP/1.0 with keep-alive keeps the connection', async () => {
  await using api = await serve();
  const socket = api.connect();
  for (const [path, last] of [
    ['/nope', 'page not found"}\n'],
    ['/_ping', 'OK'],
  ] as const) {
    socket.write(`GET ${path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`);
    assert.match(await readUntil(socket, last), /^Connection: keep-alive/im);
  }
  socket.destroy();
});

test('a client that is refused in the middle of its body reads the whole answer, then the end', async () => {
  await using api = await serve();
  const socket = api.connect();
  const size = 20 * 1024 * 1024;
  socket.write(
    `POST /containers/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${JSON_HEAD}Content-Length: ${size}\r\n\r\n`,
  );
  assert.match(await readUntil(socket, '}\n'), /^HTTP\/1\.1 413 [\s\S]*Connection: close/);
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  for (let sent = 0; sent < size; sent += chunk.length) {
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  assert.equal(await readAll(socket), '');
});

test('a body that waits for leave is not waited for', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.write(
    `POST /containers/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n${JSON_HEAD}Content-Length: 99999999\r\n\r\n`,
  );
  assert.match(await readAll(socket), /^HTTP\/1\.1 413 /);
});

test('two Host headers are 400, on hijacks as well', async () => {
  await using api = await serve();
  for (const line of ['GET /_ping', 'POST /containers/web/attach?stream=1']) {
    const socket = api.connect();
    socket.write(`${line} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`);
    assert.match(await readAll(socket), /^HTTP\/1\.1 400 [\s\S]*too many Host headers/);
    socket.destroy();
  }
  assert.deepEqual(api.journal, []);
});

test('OPTIONS of any path is 200 without leave for pages of other sites', async () => {
  await using api = await serve();
  for (const path of ['/', '*', '/version', '/v1.45/containers/json', '/nope/nope']) {
    const { status, text, headers } = await api.ask('OPTIONS', path);
    assert.deepEqual([status, text], [200, ''], path);
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('access-control')),
      [],
    );
  }
});

test('unclean paths are moved to the clean one, with their query', async () => {
  await using api = await serve();
  for (const [path, location] of [
    ['//version', '/version'],
    ['/v1.45//networks/', '/v1.45/networks/'],
    ['/v1.45/../version?a=1&b=//', '/version?a=1&b=//'],
    ['/./version', '/version'],
    ['/a/..', '/'],
    ['/../..', '/'],
  ] as const) {
    const { status, headers } = await api.ask('GET', path);
    assert.deepEqual([status, headers['location']], [301, location], path);
  }
});

test('the list of networks is also at a path with a slash, and no other list is', async () => {
  await using api = await serve();
  for (const path of ['/networks', '/networks/', '/v1.24/networks/']) {
    assert.equal((await api.ask('GET', path)).status, 200, path);
  }
  for (const path of ['/containers/json/', '/images/json/', '/version/', '/_ping/']) {
    assert.equal((await api.ask('GET', path)).status, 404, path);
  }
});

test('a proxy may ask with the whole URL', async () => {
  await using api = await serve();
  assert.equal((await api.ask('GET', 'http://engine.example/_ping')).text, 'OK');
});

test('a query that Go does not parse is 400 in its words', async () => {
  await using api = await serve();
  for (const [query, message] of [
    ['limit=%', 'invalid URL escape "%"'],
    ['limit=%&all=1', 'invalid URL escape "%"'],
    ['limit=%zz9', 'invalid URL escape "%zz"'],
    ['all=1;limit=2', 'invalid semicolon separator in query'],
  ] as const) {
    const { status, text } = await api.ask('GET', `/containers/json?${query}`);
    assert.deepEqual([status, JSON.parse(text)], [400, { message }], query);
  }
});
