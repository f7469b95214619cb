import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';

const API = await freePort();
const REGISTRY = await freePort();
const engine = useEngine({
  flags: [
    ...['--host', `tcp://127.0.0.1:${API}`, '--allow-insecure-tcp'],
    ...['--registry-listen', `127.0.0.1:${REGISTRY}`],
  ],
});

const FILE = { name: 'copied', type: 'file', content: 'content\n' } as const;

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function send(port: number, { method = 'GET', path, headers = {} }: Sent): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      text(response).then((body) => resolve([response.statusCode ?? 0, body]), reject);
    });
    sent.on('error', reject).end();
  });
}

/** As a browser sends it for the page of an attacker. */
const PAGES: readonly (readonly [what: string, method: string, headers: IncomingHttpHeaders])[] = [
  ['a name that the attacker’s DNS points here', 'GET', { host: 'rebound.example' }],
  ['a name with a port', 'POST', { host: `rebound.example:${API}` }],
  ['a script', 'GET', { origin: 'http://evil.example' }],
  ['a script in a sandbox', 'POST', { origin: 'null' }],
  ['an image of a page', 'GET', { 'sec-fetch-site': 'cross-site' }],
  ['a form', 'POST', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a form with files', 'POST', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['a form of text', 'POST', { 'content-type': 'text/plain', 'user-agent': 'Mozilla/5.0' }],
];

for (const [what, method, headers] of PAGES) {
  test(`a web page does not reach the engine or its registry: ${what}`, async () => {
    const name = unique('rebound');
    const path = method === 'GET' ? '/containers/json' : `/containers/create?name=${name}`;
    const ours = headers as Record<string, string>;
    const [status, body] = await send(API, { method, path, headers: ours });
    assert.equal(status, 403, body);
    assert.match(body, /is not known here|may not use this API/);
    const there = method === 'GET' ? '/v2/' : '/v2/app/blobs/uploads/';
    const [registryStatus, registryBody] = await send(REGISTRY, { method, path: there, headers: ours });
    assert.equal(registryStatus, 403, registryBody);
    assert.equal(JSON.parse(registryBody).errors[0].code, 'DENIED');
    assert.equal((await engine().api('GET', `/containers/${name}/json`)).status, 404);
  });
}

test('two Host headers are 400 at the engine, on every kind of address, and at its registry', async () => {
  for (const address of [{ port: API }, { port: REGISTRY }, { path: engine().socketPath }]) {
    const socket = connect(address);
    socket.end('GET /v2/ HTTP/1.1\r\nHost: localhost\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    assert.match(await text(socket), /^HTTP\/1\.1 400 [\s\S]*too many Host headers/);
  }
});

for (const cli of CLIS) {
  test(`${cli} works by every name of this machine, and the registry too`, async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const run = ['run', '--rm', 'busybox', 'echo', 'reached'];
      const env = { DOCKER_HOST: `tcp://${host}:${API}` };
      assert.equal(await engine().ok(cli, run, { env }), 'reached');
      const container = unique('by-tcp');
      await engine().ok(cli, ['create', '--name', container, 'busybox', 'cat', '/copied'], { env });
      await engine().ok(cli, ['cp', '-', `${container}:/`], { env, input: tarArchive([FILE]) });
      assert.equal(await engine().ok(cli, ['start', '-a', container], { env }), 'content');
      await engine().ok(cli, ['rm', container], { env });
      const name = `${host}:${REGISTRY}/${unique('app')}:1`;
      await engine().ok(cli, ['tag', 'busybox', name]);
      await engine().ok(cli, ['pull', '-q', name]);
      await engine().ok(cli, ['rmi', name]);
    }
  });
}

test('the unix socket, whose clients the kernel knows, takes any name', async () => {
  const { status } = await new Promise<{ status: number }>((resolve, reject) => {
    const sent = request(
      { socketPath: engine().socketPath, path: '/_ping', headers: { host: 'any.example' }, agent: false },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0 });
      },
    );
    sent.on('error', reject).end();
  });
  assert.equal(status, 200);
});
