import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { busyboxArchive, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { eventually } from '../support/fixture.ts';
import { gantryRegistry, residentKilobytes, temporaryFile } from '../support/gantry-registry.ts';
import { peer } from '../support/peer.ts';

const sha256 = (bytes: string | Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function lacks(t: TestContext, program: string): Promise<boolean> {
  const { code } = await command('sh', ['-c', `command -v ${program}`]);
  if (code !== 0) t.skip(`${program} is not installed`);
  return code !== 0;
}

async function skopeo(args: readonly string[]): Promise<string> {
  const result = await command('skopeo', args);
  assert.equal(result.code, 0, `skopeo ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

test('skopeo copies an image in and out byte for byte, inspects it, lists its tags and deletes it', async (t) => {
  if (await lacks(t, 'skopeo')) return;
  await using registry = await gantryRegistry();
  const archive = temporaryFile(t, 'busybox.tar');
  writeFileSync(archive, await busyboxArchive());
  const folder = dirname(archive);
  const remote = `docker://${registry.host}/team/busybox`;
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await skopeo(['copy', ...plain, `docker-archive:${archive}`, `${remote}:docker`]);
  await skopeo(['copy', ...plain, '--format=oci', `docker-archive:${archive}`, `${remote}:oci`]);
  const inspected = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `${remote}:oci`]));
  assert.deepEqual(inspected.RepoTags, ['docker', 'oci']);
  const raw = await skopeo(['inspect', '--raw', '--tls-verify=false', `${remote}:oci`]);
  assert.equal(sha256(raw), inspected.Digest);
  // The folder holds the manifest and every blob by its digest.
  await skopeo(['copy', ...plain, '--preserve-digests', `${remote}:oci`, `dir:${folder}/out`]);
  assert.equal(readFileSync(`${folder}/out/manifest.json`, 'utf8'), raw);
  for (const { digest } of [JSON.parse(raw).config, ...JSON.parse(raw).layers]) {
    assert.equal(sha256(readFileSync(join(folder, 'out', digest.slice(7)))), digest);
  }
  await skopeo(['copy', ...plain, `${remote}:oci`, `docker://${registry.host}/other/copy:1`]);
  await skopeo(['delete', '--tls-verify=false', `${remote}:oci`]);
  const { Tags } = JSON.parse(await skopeo(['list-tags', '--tls-verify=false', remote]));
  assert.deepEqual(Tags, ['docker']);
  await skopeo(['inspect', '--tls-verify=false', `docker://${registry.host}/other/copy:1`]);
});

test('a peer dockerd pushes and pulls', async (t) => {
  const { socket, skip } = await peer('dockerd');
  if (skip) return t.skip(skip);
  await using registry = await gantryRegistry();
  const name = `${registry.host}/peer/app:1`;
  const docker = async (args: readonly string[], input?: Uint8Array): Promise<string> => {
    const result = await command('docker', args, {
      env: { DOCKER_HOST: `unix://${socket}` },
      ...(input === undefined ? {} : { input }),
    });
    assert.equal(result.code, 0, `docker ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  await docker(['import', '-', name], tarArchive([{ name: 'file', content: randomBytes(100_000).toString('hex') }]));
  try {
    const digest = /digest: (sha256:\w+)/.exec(await docker(['push', name]))?.[1] ?? '';
    await docker(['rmi', name]);
    assert.match(await docker(['pull', name]), new RegExp(`Digest: ${digest}`));
    await docker(['tag', name, name.replace('app:1', 'copy:1')]);
    assert.match(await docker(['push', name.replace('app:1', 'copy:1')]), /Mounted from peer\/app|already exists/);
  } finally {
    await command('docker', ['rmi', '-f', name, name.replace('app:1', 'copy:1')], {
      env: { DOCKER_HOST: `unix://${socket}` },
    });
  }
});

test('with TLS and passwords: skopeo logs in, a wrong password and a client without certificate do not get in', async (t) => {
  if ((await lacks(t, 'skopeo')) || (await lacks(t, 'openssl'))) return;
  const passwords = temporaryFile(t, 'htpasswd', `alice:${hashSync('wonder', 4)}\n`);
  const folder = dirname(passwords);
  const at = (name: string): string => join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await command('openssl', args);
    assert.equal(code, 0, stderr);
  };
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await openssl('req', '-x509', ...ec, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=test ca');
  for (const name of ['server', 'client']) {
    await openssl(
      'req',
      ...ec.slice(0, 5),
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.csr`),
      '-subj',
      `/CN=${name}`,
    );
    writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    const signed = [
      '-CA',
      at('ca.crt'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-extfile',
      at('ext'),
      '-days',
      '2',
    ];
    await openssl('x509', '-req', '-in', at(`${name}.csr`), '-out', at(`${name}.cert`), ...signed);
  }
  const tls = ['--tls-cert', at('server.cert'), '--tls-key', at('server.key')];
  await using registry = await gantryRegistry([...tls, '--tls-client-ca', at('ca.crt'), '--htpasswd', passwords]);
  const certs = mkdtempSync(join(tmpdir(), 'gantry-certs-'));
  t.after(() => rmSync(certs, { recursive: true, force: true }));
  for (const name of ['ca.crt', 'client.cert', 'client.key']) writeFileSync(join(certs, name), readFileSync(at(name)));
  writeFileSync(at('busybox.tar'), await busyboxArchive());
  const remote = `docker://${registry.host}/team/app:1`;
  const copy = (...more: string[]): ReturnType<typeof command> =>
    command('skopeo', ['copy', ...more, `docker-archive:${at('busybox.tar')}`, remote]);
  const good = await copy('--dest-cert-dir', certs, '--dest-creds', 'alice:wonder');
  assert.equal(good.code, 0, good.stderr);
  const wrong = await copy('--dest-cert-dir', certs, '--dest-creds', 'alice:w0nder');
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /unauthorized|authentication required|invalid username/i);
  rmSync(join(certs, 'client.cert'));
  rmSync(join(certs, 'client.key'));
  assert.notEqual((await copy('--dest-cert-dir', certs, '--dest-creds', 'alice:wonder')).code, 0);
  assert.doesNotMatch(registry.log(), /wonder|w0nder/);
});

test('an upload that a killed registry was taking goes on where it was', async () => {
  await using registry = await gantryRegistry();
  const base = `http://${registry.host}`;
  const bytes = randomBytes(8_000_000);
  const begun = await fetch(`${base}/v2/app/blobs/uploads/`, { method: 'POST' });
  const location = base + begun.headers.get('location');
  const half = request(location, { method: 'PATCH', headers: { 'Content-Length': bytes.length } });
  half.on('error', () => {});
  half.write(bytes.subarray(0, 5_000_000));
  const received = async (): Promise<number> =>
    Number((await fetch(location)).headers.get('range')?.split('-')[1] ?? 0) + 1;
  while ((await received()) < 5_000_000) await new Promise((resolve) => setTimeout(resolve, 20));
  await registry.killAndStart();
  const offset = await received();
  // What had been given to the system is there; the last megabyte may not have been.
  assert.ok(offset >= 3_000_000 && offset <= 5_000_000, `${offset}`);
  const rest = await fetch(location, {
    method: 'PATCH',
    headers: { 'Content-Range': `${offset}-${bytes.length - 1}` },
    body: bytes.subarray(offset),
  });
  assert.equal(rest.status, 202, await rest.text());
  assert.equal((await fetch(`${location}?digest=${sha256(bytes)}`, { method: 'PUT' })).status, 201);
  const back = Buffer.from(await (await fetch(`${base}/v2/app/blobs/${sha256(bytes)}`)).arrayBuffer());
  assert.ok(back.equals(bytes));
});

test('a registry killed at any moment of pushes has every image it had acknowledged, and nothing that nobody has', async () => {
  await using registry = await gantryRegistry();
  const base = `http://${registry.host}`;
  const acknowledged = new Map<string, string>();
  const push = async (index: number): Promise<void> => {
    const layer = `layer ${index} ${'x'.repeat(50_000)}`;
    for (const content of ['{}', layer]) {
      const put = await fetch(`${base}/v2/app/blobs/uploads/?digest=${sha256(content)}`, {
        method: 'POST',
        body: content,
      });
      assert.equal(put.status, 201);
    }
    const descriptor = (content: string): object => ({ mediaType: 'x', digest: sha256(content), size: content.length });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = { schemaVersion: 2, mediaType, config: descriptor('{}'), layers: [descriptor(layer)] };
    const text = JSON.stringify(manifest);
    const headers = { 'Content-Type': mediaType };
    const put = await fetch(`${base}/v2/app/manifests/t${index}`, { method: 'PUT', headers, body: text });
    assert.equal(put.status, 201);
    acknowledged.set(`t${index}`, text);
  };
  let next = 0;
  for (let round = 0; round < 4; round++) {
    const pushes = (async () => {
      for (;;) await push(next++);
    })().catch(() => {});
    // Some images are there before the moment, however slow the machine is.
    await eventually(async () => assert.ok(acknowledged.size > round));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
    await registry.killAndStart();
    await pushes;
    for (const [tag, text] of acknowledged) {
      const manifest = await fetch(`${base}/v2/app/manifests/${tag}`);
      assert.equal(await manifest.text(), text);
      for (const { digest } of JSON.parse(text).layers) {
        const blob = await (await fetch(`${base}/v2/app/blobs/${digest}`)).text();
        assert.equal(sha256(blob), digest);
      }
    }
  }
  const tags = (await (await fetch(`${base}/v2/app/tags/list`)).json()) as { tags: string[] };
  const stored = readdirSync(join(registry.root, 'content/blobs/sha256')).length;
  // Each image has a manifest and a layer of its own; a layer whose manifest did not come waits for the collector.
  assert.ok(stored >= 2 * tags.tags.length + 1 && stored <= 2 * (next + 1) + 1, `${stored} blobs, ${next} pushes`);
});

test('a cache that is killed in the middle of a fetch goes on where it was', async () => {
  await using upstream = await faultyRegistry();
  const layer = randomBytes(6_000_000);
  const { digest } = upstream.publish('team/app', 'v1', [layer], { compress: (bytes) => bytes });
  upstream.slow = { chunkBytes: 65_536, delayMs: 5 };
  await using cache = await gantryRegistry(['--proxy', `http://${upstream.host}`]);
  const at = (path: string): string => `http://${cache.host}/v2/team/app/${path}`;
  assert.equal((await fetch(at('manifests/v1'))).headers.get('docker-content-digest'), digest);
  const half = (await fetch(at(`blobs/${sha256(layer)}`))).body?.getReader();
  let received = 0;
  while (received < 3_000_000) received += (await half?.read())?.value?.length ?? 0;
  await cache.killAndStart();
  upstream.slow = undefined;
  upstream.journal.length = 0;
  const whole = Buffer.from(await (await fetch(at(`blobs/${sha256(layer)}`))).arrayBuffer());
  assert.ok(whole.equals(layer));
  const [, from] = /blobs\/\S+ bytes=(\d+)-/.exec(upstream.journal.join('\n')) ?? [];
  assert.ok(Number(from) >= 2_000_000, upstream.journal.join('\n'));
});

test('hostile requests are refused, and the registry goes on', async () => {
  await using registry = await gantryRegistry();
  const [address = '', port = ''] = registry.host.split(':');
  const raw = async (text: string): Promise<string> => {
    const socket = connect(Number(port), address);
    socket.on('error', () => {});
    socket.write(text);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) socket.end();
    });
    await new Promise((resolve) => socket.once('close', resolve));
    return answer;
  };
  const get = (path: string, head = ''): Promise<string> => raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\n`);
  const digest = sha256('x');
  for (const path of [
    '/v2/../../etc/blobs/passwd',
    `/v2/a/../b/blobs/${digest}`,
    `/v2/a%2f..%2f..%2fb/blobs/${digest}`,
    '/v2/a/blobs/sha256:../../../../etc/passwd',
    '/v2/a/manifests/..',
    '/v2/a/manifests/%2e%2e%2f%2e%2e',
    '/v2/A/manifests/x',
    `/v2/${'a/'.repeat(5000)}manifests/x`,
    `/v2/${'a-'.repeat(120)}!/manifests/x`,
    '/v2/%ff/manifests/x',
    '/v2/a\\..\\b/manifests/x',
    '/v2/a/tags/list/',
    '/v2/__proto__/manifests/constructor',
    '*',
  ]) {
    assert.match(await get(path), /^HTTP\/1.1 40[04] /, path);
  }
  assert.match(await get('/'), /^HTTP\/1.1 200 OK\r\n/);
  assert.match(await get('/v2/', 'X-Flood: y\r\n'.repeat(4000)), /^HTTP\/1.1 431 /);
  assert.match(await get('/v2/', `X-Long: ${'y'.repeat(40_000)}\r\n`), /^HTTP\/1.1 431 /);
  assert.match(await raw('NONSENSE\r\n\r\n'), /^HTTP\/1.1 400 /);
  const put = `PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n`;
  assert.match(await raw(`${put}Content-Length: 99999999999\r\n\r\n{`), /^HTTP\/1.1 413 /);
  const deep = '{"a":'.repeat(200_000);
  assert.match(await raw(`${put}Content-Length: ${deep.length}\r\n\r\n${deep}`), /^HTTP\/1.1 400 /);
  const [lists, objects] = [`${'['.repeat(2e6)}${']'.repeat(2e6)}`, `[${'{},'.repeat(1.3e6)}{}]`];
  for (const heavy of [lists, objects, lists, objects]) {
    assert.match(await raw(`${put}Content-Length: ${heavy.length}\r\n\r\n${heavy}`), /^HTTP\/1.1 400 /);
  }
  assert.ok(residentKilobytes(registry.pid()) < 150_000, `${residentKilobytes(registry.pid())} kB of memory`);
  assert.equal((await fetch(`http://${registry.host}/v2/`)).status, 200);
  assert.deepEqual(readdirSync(join(registry.root, 'content/blobs/sha256')), []);
});

test('a configuration that cannot work is refused with what is wrong', async (t) => {
  const serve = (...args: string[]) => command('bin/gantry', ['registry', 'serve', ...args]);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{"root":"/nowhere","listn":"x"}', /listn/],
    [
      '{"root":"/nowhere","limits":{"quotas":[{"repositories":"x","bytes":"lots"}]}}',
      /limits.quotas.0.bytes: is not a size/,
    ],
    ['{', /JSON/],
  ];
  for (const [text, message] of cases) {
    const { code, stderr } = await serve('--config', temporaryFile(t, 'config.json', text));
    assert.equal(code, 125);
    assert.match(stderr, message);
  }
  assert.match((await serve()).stderr, /--root DIR/);
  assert.match((await serve('--root', '/nowhere', '--listen', 'what:ever')).stderr, /is not an address to listen on/);
  await using registry = await gantryRegistry();
  const second = await serve('--root', registry.root, '--listen', '127.0.0.1:0');
  assert.equal(second.code, 1);
  assert.match(second.stderr, /running on/);
  const file = temporaryFile(t, 'htpasswd', 'alice:plain\n');
  const plain = await serve('--root', `${dirname(file)}/root`, '--listen', '127.0.0.1:0', '--htpasswd', file);
  assert.match(plain.stderr, /line 1 is not a bcrypt entry/);
});
