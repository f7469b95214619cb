import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, eventually, loadBusybox, unique } from '../support/fixture.ts';
import { type GantryRegistry, gantryRegistry } from '../support/gantry-registry.ts';
import { type TestProxy, testProxy } from '../support/proxy.ts';
import { tokenServer, wantTokens } from '../support/token-server.ts';

const SECRET = 'pr0xy-pa55word';
const folder = mkdtempSync(join(tmpdir(), 'gantry-proxies-'));
/** Speaks TLS as `registry.test`, a name that only the proxy knows. */
let registry: GantryRegistry;
let proxy: TestProxy;
let engine: TestEngine;

/** The proxy of the environment wins over nothing else: the test's machine may have one of its own. */
function environment(address: string, no = ''): Record<string, string> {
  return { HTTP_PROXY: address, HTTPS_PROXY: address, NO_PROXY: no, http_proxy: '', https_proxy: '', no_proxy: '' };
}

before(async () => {
  const [cert, key] = [join(folder, 'crt'), join(folder, 'key')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=registry.test', '-addext', 'subjectAltName=DNS:registry.test'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  registry = await gantryRegistry(['--tls-cert', cert, '--tls-key', key]);
  proxy = await testProxy({ 'registry.test:443': registry.host });
  proxy.wants = `user:${SECRET}`;
  engine = await startEngine({
    flags: ['--insecure-registry', 'registry.test', '--insecure-registry', 'plain.test:5000', '--log-level', 'debug'],
    env: environment(`http://user:${SECRET}@${proxy.host}`),
  });
  await loadBusybox(engine);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

for (const cli of CLIS) {
  test(`${cli}: push and pull, with and without TLS, go through the proxy of the environment`, async () => {
    await using plain = await faultyRegistry();
    await using tokens = await tokenServer();
    wantTokens(plain, tokens);
    proxy.names.set('plain.test:5000', plain.host);
    proxy.reset();
    for (const repository of ['registry.test', 'plain.test:5000']) {
      const name = `${repository}/${unique('app')}:1`;
      await engine.ok(cli, ['tag', 'busybox', name]);
      await engine.ok(cli, ['push', name]);
      await engine.ok(cli, ['rmi', name]);
      await engine.ok(cli, ['pull', name]);
      await engine.ok(cli, ['rmi', name]);
    }
    assert.ok(proxy.journal.includes('CONNECT registry.test:443'));
    assert.ok(proxy.journal.some((line) => line.startsWith('PUT http://plain.test:5000/v2/app-')));
    // The tokens' server is on the loopback, and so is never asked through a proxy.
    assert.ok(tokens.asked.length > 0 && proxy.journal.every((line) => !line.includes(tokens.host)));
  });

  test(`${cli}: tokens, search and import by URL go through the proxy`, async () => {
    await using plain = await faultyRegistry();
    await using tokens = await tokenServer();
    plain.publish('team/app', 'v1', [tarArchive([{ name: 'a', content: 'x' }])]);
    wantTokens(plain, { ...tokens, host: 'tokens.test' });
    await using files = await fileServer(tarArchive([{ name: 'file', content: 'x' }]));
    proxy.names.set('plain.test:5000', plain.host);
    proxy.names.set('tokens.test:80', tokens.host).set('files.test:80', files.host);
    proxy.reset();
    await engine.ok(cli, ['pull', '-q', 'plain.test:5000/team/app:v1']);
    await engine.ok(cli, ['rmi', 'plain.test:5000/team/app:v1']);
    assert.ok(proxy.journal.some((line) => line.startsWith('GET http://tokens.test/token?')));
    const name = `${unique('imported')}:1`;
    await engine.ok(cli, ['import', 'http://files.test/root.tar?key=1', name]);
    await engine.ok(cli, ['rmi', name]);
    assert.ok(proxy.journal.includes('GET http://files.test/root.tar?key=1'));
    proxy.names.set('plain.test:5000', files.host);
    assert.match(await engine.ok(cli, ['search', 'plain.test:5000/found']), /^found /m);
    assert.ok(proxy.journal.some((line) => line.startsWith('GET http://plain.test:5000/v1/search?')));
  });

  test(`${cli}: a registry on the loopback is reached directly`, async () => {
    await using local = await faultyRegistry();
    proxy.reset();
    const name = `${local.host}/${unique('app')}`;
    await engine.ok(cli, ['tag', 'busybox', name]);
    await engine.ok(cli, ['push', '-q', name]);
    await engine.ok(cli, ['rmi', name]);
    assert.deepEqual(proxy.journal, []);
  });

  test(`${cli}: the proxy’s password is in no message, no log and not in info`, async () => {
    const shown = await engine.ok(cli, ['info']);
    assert.match(shown, new RegExp(`^ HTTP Proxy: http://xxxxx:xxxxx@${proxy.host}$`, 'm'));
    assert.match(shown, new RegExp(`^ HTTPS Proxy: http://xxxxx:xxxxx@${proxy.host}$`, 'm'));
    const wants = proxy.wants;
    proxy.wants = 'user:another';
    const refused = await engine[cli](['pull', 'refused.test/app']);
    proxy.wants = wants;
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /proxyconnect tcp: 407 Who Are You/);
    const failed = await engine[cli](['pull', 'nowhere.test/app']);
    assert.match(failed.stderr, /"https:\/\/nowhere\.test\/v2\/.*": proxyconnect tcp: 502 Nothing There/);
    const secret = new RegExp(`${SECRET}|${btoa(`user:${SECRET}`)}`);
    for (const text of [shown, refused.stderr, failed.stderr, engine.log()]) assert.doesNotMatch(text, secret);
  });

  test(`${cli}: manifest commands go through the proxy of their own environment`, async () => {
    const name = `registry.test/${unique('app')}:1`;
    await engine.ok(cli, ['tag', 'busybox', name]);
    await engine.ok(cli, ['push', '-q', name]);
    await engine.ok(cli, ['rmi', name]);
    proxy.reset();
    const env = environment(`http://user:${SECRET}@${proxy.host}`);
    assert.match(await engine.ok(cli, ['manifest', 'inspect', '--insecure', name], { env }), /"schemaVersion": 2/);
    assert.ok(proxy.journal.includes('CONNECT registry.test:443'));
  });
}

/** Answers a search as an index does, and everything else with one file. */
async function fileServer(content: Buffer): Promise<AsyncDisposable & { readonly host: string }> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/search') !== true) return response.end(content);
    const found = { name: 'found', description: '', star_count: 1, is_official: false, is_automated: false };
    return response.end(JSON.stringify({ num_results: 1, query: 'found', results: [found] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('what is configured wins over the environment; NO_PROXY keeps hosts away from it', async () => {
  await using other = await testProxy({ 'registry.test:443': registry.host });
  const file = join(folder, 'daemon.json');
  const proxies = { 'https-proxy': `http://u:${SECRET}@${other.host}`, 'no-proxy': 'near.test,.registry.test' };
  writeFileSync(file, JSON.stringify({ proxies, 'insecure-registries': ['registry.test'] }));
  other.wants = `u:${SECRET}`;
  await using second = await startEngine({
    flags: ['--config-file', file],
    env: environment(`http://user:${SECRET}@127.0.0.1:1`, 'registry.test'),
  });
  assert.match(
    second.log(),
    /overriding existing proxy variable .*name=HTTPS_PROXY newValue=http:\/\/xxxxx:xxxxx@\S+ oldValue=http:\/\/xxxxx:xxxxx@/,
  );
  const info = JSON.parse((await second.api('GET', '/info')).body) as Record<string, unknown>;
  assert.deepEqual(
    [info['HttpProxy'], info['HttpsProxy'], info['NoProxy']],
    ['http://xxxxx:xxxxx@127.0.0.1:1', `http://xxxxx:xxxxx@${other.host}`, 'near.test,.registry.test'],
  );
  const name = `registry.test/${unique('app')}:1`;
  await engine.ok('gantry', ['tag', 'busybox', name]);
  await engine.ok('gantry', ['push', '-q', name]);
  await second.ok('gantry', ['pull', '-q', name]);
  await engine.ok('gantry', ['rmi', name]);
  assert.deepEqual([...new Set(other.journal)], ['CONNECT registry.test:443']);
  const near = await second.gantry(['pull', 'near.test/app']);
  assert.match(near.stderr, /dial tcp: lookup near\.test/);
  assert.doesNotMatch(second.log(), new RegExp(SECRET));
});

test('a proxy that cannot be one is refused at start, its password not shown', async () => {
  const flag = `--https-proxy=socks5://u:${SECRET}@127.0.0.1:1`;
  await assert.rejects(startEngine({ flags: [flag] }), (error: Error) => {
    assert.match(
      error.message,
      /invalid proxy address "socks5:\/\/xxxxx:xxxxx@127\.0\.0\.1:1": no proxies of scheme socks5/,
    );
    assert.doesNotMatch(error.message, new RegExp(SECRET));
    return true;
  });
});

test('a cache and webhooks of gantry registry serve go through the proxy of its environment', async (t) => {
  const name = unique('app');
  await engine.ok('gantry', ['tag', 'busybox', `registry.test/${name}:1`]);
  await engine.ok('gantry', ['push', '-q', `registry.test/${name}:1`]);
  await engine.ok('gantry', ['rmi', `registry.test/${name}:1`]);
  await using upstream = await faultyRegistry();
  upstream.publish('team/app', 'v1', [tarArchive([{ name: 'a', content: name }])]);
  proxy.names.set('upstream.test:80', upstream.host);
  const told: string[] = [];
  const hook = createServer((request, response) => {
    told.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  t.after(() => hook.close());
  proxy.names.set('hook.test:80', `127.0.0.1:${(hook.address() as AddressInfo).port}`);
  const config = join(folder, 'registry.json');
  writeFileSync(config, JSON.stringify({ webhooks: [{ url: 'http://hook.test/told' }] }));
  await using cache = await gantryRegistry(
    ['--proxy', 'http://upstream.test', '--config', config],
    environment(`http://user:${SECRET}@${proxy.host}`),
  );
  await engine.ok('gantry', ['pull', '-q', `${cache.host}/team/app:v1`]);
  await engine.ok('gantry', ['rmi', `${cache.host}/team/app:v1`]);
  assert.ok(proxy.journal.some((line) => line.startsWith('GET http://upstream.test/v2/team/app/')));
  await eventually(async () => assert.ok(told.includes('POST /told')));
  assert.doesNotMatch(cache.log(), new RegExp(SECRET));
});
