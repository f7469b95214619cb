import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { type FaultyRegistry, faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const [cli = 'gantry'] = CLIS;
/** The password of bob is secret. */
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';

async function manifestAt(host: string, name: string, reference: string): Promise<{ digest: string; bytes: Buffer }> {
  const accept = [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ].join(', ');
  const response = await fetch(`http://${host}/v2/${name}/manifests/${reference}`, { headers: { accept } });
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, bytes.toString());
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

for (const cli of CLIS) {
  test(`${cli}: tag, push, rmi, pull and run against a private registry, as in the tutorials`, async () => {
    await using registry = await debianRegistry();
    const name = `${registry.host}/team/${unique('app')}`;
    const path = name.slice(registry.host.length + 1);
    await engine().ok(cli, ['tag', 'busybox:latest', `${name}:1`]);
    const pushed = await engine().ok(cli, ['push', `${name}:1`]);
    const { digest, bytes } = await manifestAt(registry.host, path, '1');
    assert.match(pushed, new RegExp(`1: digest: ${digest} size: ${bytes.length}$`));
    const layers = JSON.parse(bytes.toString()).layers as readonly { mediaType: string }[];
    assert.ok(layers.every(({ mediaType }) => mediaType.endsWith('tar+gzip')));

    await engine().ok(cli, ['rmi', `${name}:1`]);
    const pulled = await engine().ok(cli, ['pull', `${name}:1`]);
    assert.match(pulled, new RegExp(`Digest: ${digest}\nStatus: Downloaded newer image for ${name}:1`));
    assert.equal(
      await engine().ok(cli, ['run', '--rm', `${name}:1`, 'echo', 'from the registry']),
      'from the registry',
    );
    assert.match(await engine().ok(cli, ['pull', `${name}:1`]), /Status: Image is up to date for/);
    const digests = JSON.parse(
      await engine().ok(cli, ['image', 'inspect', '--format', '{{json .RepoDigests}}', `${name}:1`]),
    );
    assert.deepEqual(digests, [`${name}@${digest}`]);

    // Byte for byte the same under another name, without a layer sent again.
    await engine().ok(cli, ['tag', `${name}:1`, `${name}-copy:2`]);
    assert.match(await engine().ok(cli, ['push', `${name}-copy:2`]), /Mounted from team\//);
    assert.equal((await manifestAt(registry.host, `${path}-copy`, '2')).digest, digest);
    await engine().ok(cli, ['rmi', `${name}:1`, `${name}-copy:2`]);
    assert.equal(await engine().ok(cli, ['run', '--rm', `${name}@${digest}`, 'echo', 'by digest']), 'by digest');
    await engine().ok(cli, ['rmi', `${name}@${digest}`]);
  });
}

for (const cli of CLIS) {
  test(`${cli}: login and logout at a registry with passwords; no secret is shown anywhere`, async () => {
    await using registry = await debianRegistry({ htpasswd: HTPASSWD });
    const name = `${registry.host}/${unique('private')}:1`;
    await engine().ok(cli, ['tag', 'busybox:latest', name]);
    const refused = await engine()[cli](['push', name]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /unauthorized|no basic auth credentials/);
    const wrong = await engine()[cli](['login', '-u', 'bob', '--password-stdin', registry.host], {
      input: 'wr0ng-secret',
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /unauthorized: incorrect username or password/);
    const login = await engine()[cli](['login', '-u', 'bob', '--password-stdin', registry.host], { input: 'secret\n' });
    assert.equal(login.code, 0, login.stderr);
    assert.match(login.stdout, /Login Succeeded/);
    await engine().ok(cli, ['push', name]);
    await engine().ok(cli, ['rmi', name]);
    await engine().ok(cli, ['pull', '-q', name]);
    await engine().ok(cli, ['rmi', name]);
    await engine().ok(cli, ['logout', registry.host]);
    const out = await engine()[cli](['pull', name]);
    assert.equal(out.code, 1);
    assert.doesNotMatch(engine().log() + wrong.stderr + out.stderr, /wr0ng|Ym9iOn/);
  });
}

test('what a registry does not have is said as dockerd says it', async () => {
  await using registry = await faultyRegistry();
  const name = `${registry.host}/none/such`;
  const missing = await engine()[cli](['pull', name]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, new RegExp(`manifest for ${name}:latest not found: manifest unknown: manifest unknown`));
  registry.intercept = ({ response, url }) => {
    if (url.pathname === '/token') {
      response.end('{"token":"t"}');
      return true;
    }
    const challenge = `Bearer realm="http://${registry.host}/token",error="insufficient_scope"`;
    response.writeHead(401, { 'www-authenticate': challenge });
    response.end();
    return true;
  };
  const denied = await engine()[cli](['pull', name]);
  assert.equal(denied.code, 1);
  assert.match(
    denied.stderr,
    new RegExp(
      `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    ),
  );
  const push = await engine()[cli](['push', name]);
  assert.equal(push.code, 1);
  assert.match(push.stderr, new RegExp(`An image does not exist locally with the tag: ${name}`));
});

/** Layers of incompressible bytes: what is counted at the registry is what was sent. */
function publishLarge(registry: FaultyRegistry, layers: number, bytes: number): string {
  const archives = Array.from({ length: layers }, (_, index) =>
    tarArchive([{ name: `f${index}`, content: randomBytes(bytes) }]),
  );
  registry.publish('big', 'latest', archives);
  return `${registry.host}/big:latest`;
}

test('a pull that a kill of the daemon interrupts goes on where it stopped', async () => {
  await using registry = await faultyRegistry();
  const name = publishLarge(registry, 2, 6_000_000);
  const total = [...registry.blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
  registry.slow = { chunkBytes: 65_536, delayMs: 10 };
  const interrupted = engine()[cli](['pull', name]);
  await eventually(async () => assert.ok(registry.sentBytes > 4_000_000));
  await engine().kill9();
  await interrupted;
  const before = registry.sentBytes;
  assert.ok(before < total, 'interrupted before its end');
  await engine().start();
  registry.slow = undefined;
  registry.journal.length = 0;
  await engine().ok(cli, ['pull', '-q', name]);
  assert.ok(
    registry.journal.some((line) => / bytes=[1-9]\d*-/.test(line)),
    registry.journal.join('\n'),
  );
  const again = registry.sentBytes - total;
  assert.ok(again < 3_000_000, `${again} bytes were sent twice: ${registry.journal.join(', ')}`);
  await engine().ok(cli, ['rmi', name]);
});

test('two pulls at once share one download, and both see it', async () => {
  await using registry = await faultyRegistry();
  const name = publishLarge(registry, 3, 3_000_000);
  const total = [...registry.blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
  registry.slow = { chunkBytes: 65_536, delayMs: 2 };
  const pulls = Array.from({ length: 2 }, () => engine().ok(cli, ['pull', name]));
  for (const output of await Promise.all(pulls)) assert.match(output, /Pull complete[\s\S]*Status: /);
  assert.ok(registry.sentBytes <= total, `${registry.sentBytes} of ${total} bytes`);
  await engine().ok(cli, ['rmi', name]);
});

/** Blobs of the engine's content store; each must have the content that its name says. */
function verifiedBlobs(): readonly string[] {
  const folder = join(engine().dataRoot, 'content/blobs/sha256');
  return readdirSync(folder).map((name) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    assert.equal(digest, name, 'a blob has the content of its name');
    return name;
  });
}

test('killed at any moment of a pull the engine has whole images alone, and the next pull ends', async () => {
  await using registry = await faultyRegistry();
  const before = new Set(verifiedBlobs());
  const name = publishLarge(registry, 4, 1_000_000);
  registry.slow = { chunkBytes: 32_768, delayMs: 3 };
  for (let kill = 0; kill < 6; kill++) {
    const from = registry.journal.length;
    const pulling = engine()[cli](['pull', '-q', name]);
    await eventually(async () => assert.ok(registry.journal.length > from));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 250));
    await engine().kill9();
    await pulling;
    await engine().start();
    verifiedBlobs();
    const { body } = await engine().api('GET', '/images/json');
    const listed = (JSON.parse(body) as readonly { RepoTags: readonly string[] }[]).some(({ RepoTags }) =>
      RepoTags.includes(name),
    );
    if (listed) assert.equal((await engine().api('GET', `/images/${name}/json`)).status, 200);
  }
  registry.slow = undefined;
  await engine().ok(cli, ['pull', '-q', name]);
  await engine().ok(cli, ['rmi', name]);
  assert.deepEqual(
    verifiedBlobs().filter((blob) => !before.has(blob)),
    [],
  );
});

test('killed in the middle of a push the engine pushes the same image again', async () => {
  await using registry = await faultyRegistry();
  const name = `${registry.host}/${unique('killed')}:1`;
  await engine().ok(cli, ['tag', 'busybox:latest', name]);
  registry.intercept = ({ kind, request: sent }) => {
    if (kind !== 'uploads' || sent.method !== 'PATCH') return false;
    registry.intercept = () => false;
    sent.resume();
    void engine().kill9();
    return true;
  };
  const broken = await engine()[cli](['push', name]);
  assert.notEqual(broken.code, 0);
  await engine().start();
  verifiedBlobs();
  assert.match(await engine().ok(cli, ['push', name]), /digest: sha256:/);
  await engine().ok(cli, ['rmi', name]);
  assert.equal(await engine().ok(cli, ['run', '--rm', 'busybox', 'echo', 'whole']), 'whole');
});

test('a client that goes ends its pull, and the engine stays as it was', async () => {
  await using registry = await faultyRegistry();
  const name = publishLarge(registry, 1, 8_000_000);
  registry.slow = { chunkBytes: 32_768, delayMs: 10 };
  const gone = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  registry.intercept = ({ kind, response }) => {
    if (kind !== 'blobs') return false;
    response.once('close', () => response.writableFinished || gone.resolve());
    if (registry.sentBytes > 0) begun.resolve();
    return false;
  };
  const path = `/images/create?fromImage=${encodeURIComponent(name)}`;
  const client = request({ socketPath: engine().socketPath, method: 'POST', path }).on('error', () => {});
  client.end();
  await begun.promise;
  client.destroy();
  await gone.promise;
  assert.equal((await engine().api('GET', `/images/${name}/json`)).status, 404);
  assert.equal((await engine().api('GET', '/_ping')).status, 200);
});

test('what was pushed is read by skopeo, and what skopeo pushed is pulled', async () => {
  await using registry = await debianRegistry();
  const name = `${registry.host}/${unique('shared')}`;
  await engine().ok(cli, ['tag', 'busybox:latest', `${name}:1`]);
  await engine().ok(cli, ['push', '-q', `${name}:1`]);
  const tls = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const copied = await command('skopeo', [
    'copy',
    '--insecure-policy',
    ...tls,
    '--preserve-digests',
    `docker://${name}:1`,
    `docker://${name}-copy:2`,
  ]);
  assert.equal(copied.code, 0, copied.stderr);
  assert.match(await engine().ok(cli, ['pull', `${name}-copy:2`]), /Status: Downloaded newer image/);
  const id = (ref: string): Promise<string> => engine().ok(cli, ['image', 'inspect', '--format', '{{.Id}}', ref]);
  assert.equal(await id(`${name}-copy:2`), await id('busybox:latest'));
  await engine().ok(cli, ['rmi', `${name}:1`, `${name}-copy:2`]);
});
