import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { eventually } from '../../../test/support/fixture.ts';
import { testProxy } from '../../../test/support/proxy.ts';
import { never } from '../../../test/support/repository.ts';
import { readBytes } from './body-text.ts';
import { createNodeTransport, type NodeTransport } from './node-transport.ts';
import { proxyRule } from './proxies.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-tunnel-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const certificate = (() => {
  const [cert, key] = [join(folder, 'crt'), join(folder, 'key')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=x', '-addext', 'subjectAltName=DNS:registry.test'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
})();

const BODY = randomBytes(3 << 20);
const get = (url: string) => ({ method: 'GET', url: new URL(url), headers: { host: new URL(url).host } }) as const;
const through = (proxy: string): NodeTransport => createNodeTransport(proxyRule({ http: proxy, https: proxy }));

async function listening(
  server: ReturnType<typeof createTcpServer>,
): Promise<AsyncDisposable & { readonly host: string }> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const secureServer = () => listening(createServer(certificate, (_request, response) => response.end(BODY)));

test('https goes through a tunnel that is used again; the certificate beyond it is checked', async () => {
  await using server = await secureServer();
  await using proxy = await testProxy({ 'registry.test:443': server.host });
  proxy.wants = 'user:p@ss w%rd';
  await using transport = through(`http://user:p%40ss%20w%25rd@${proxy.host}`);
  for (let round = 0; round < 3; round++) {
    const response = await transport.send(get('https://registry.test/v2/'), { ca: [certificate.cert] }, never);
    assert.ok((await readBytes(response.body, BODY.length)).equals(BODY));
  }
  assert.deepEqual(proxy.journal, ['CONNECT registry.test:443']);
  await assert.rejects(transport.send(get('https://registry.test/v2/'), {}, never), {
    message: /^Get "https:\/\/registry\.test\/v2\/": tls: failed to verify certificate: x509:/,
  });
  proxy.names.set('other.test:443', server.host);
  await assert.rejects(transport.send(get('https://other.test/'), { ca: [certificate.cert] }, never), {
    message: /certificate is not valid for other\.test/,
  });
});

test('http is asked for with the whole URL, and a query; the upstream does not see the proxy’s user', async () => {
  await using registry = await faultyRegistry();
  const seen: unknown[] = [];
  registry.intercept = ({ request, response }) => {
    seen.push(request.headers.host, request.headers['proxy-authorization']);
    response.end('hello');
    return true;
  };
  await using proxy = await testProxy({ 'registry.test:5000': registry.host });
  proxy.wants = 'user:pw';
  await using transport = through(`user:pw@${proxy.host}`);
  const response = await transport.send(get('http://registry.test:5000/v2/?a=b'), {}, never);
  assert.equal((await readBytes(response.body, 100)).toString(), 'hello');
  assert.deepEqual(proxy.journal, ['GET http://registry.test:5000/v2/?a=b']);
  assert.deepEqual(seen, ['registry.test:5000', undefined]);
});

test('why there is no way through a proxy is said, without its password', async () => {
  await using proxy = await testProxy();
  proxy.wants = 'user:right';
  await using wrong = through(`http://user:wr0ng@${proxy.host}`);
  const refused = /^Get ".*": proxyconnect tcp: 407 (Who Are You|Proxy Authentication Required)$/;
  for (const url of ['http://registry.test/', 'https://registry.test/'])
    await assert.rejects(wrong.send(get(url), {}, never), {
      kind: 'unavailable',
      code: 'ERR_PROXY_AUTH',
      message: refused,
    });
  await using right = through(`http://user:right@${proxy.host}`);
  await assert.rejects(right.send(get('https://registry.test/'), {}, never), {
    code: 'ERR_PROXY_TUNNEL',
    message: 'Get "https://registry.test/": proxyconnect tcp: 502 Nothing There',
  });
  await using nobody = through('http://user:wr0ng@127.0.0.1:1');
  for (const url of ['http://registry.test/', 'https://registry.test/'])
    await assert.rejects(nobody.send(get(url), {}, never), {
      code: 'ECONNREFUSED',
      message: `Get "${url}": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused`,
    });
  await using unusable = through('socks5://user:wr0ng@127.0.0.1:1');
  await assert.rejects(unusable.send(get('http://registry.test/'), {}, never), { kind: 'invalid' });
});

for (const [phase, silentPlace] of [
  ['the proxy', 'proxy'],
  ['a server beyond the tunnel', 'server'],
] as const) {
  test(`a request that ${phase} never answers leaves no connection when it is given up, or the transport ends`, async () => {
    await using silent = await listening(createTcpServer((socket) => socket.on('error', () => {}).resume()));
    await using proxy = await testProxy({ 'registry.test:443': silent.host });
    const start = async () => {
      const transport = through(silentPlace === 'proxy' ? silent.host : proxy.host);
      const giveUp = new AbortController();
      const sent = transport.send(get('https://registry.test/'), { skipVerify: true }, giveUp.signal);
      sent.catch(() => {});
      if (silentPlace === 'server') await eventually(async () => assert.equal(proxy.connections(), 2));
      return { transport, giveUp, sent };
    };
    const first = await start();
    first.giveUp.abort();
    await assert.rejects(first.sent, { kind: 'cancelled' });
    await eventually(async () => assert.equal(proxy.connections(), 0));
    await first.transport[Symbol.asyncDispose]();
    const second = await start();
    await second.transport[Symbol.asyncDispose]();
    await assert.rejects(second.sent, { kind: 'unavailable' });
    await eventually(async () => assert.equal(proxy.connections(), 0));
  });
}
