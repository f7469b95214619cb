import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { busyboxArchive, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { CLIS, eventually, loadBusybox, unique } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFile } from '../support/gantry-registry.ts';
import { peer } from '../support/peer.ts';

const ACCEPT = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const blobs = (engine: TestEngine): string[] => readdirSync(join(engine.dataRoot, 'content/blobs/sha256')).sort();
const hasBlob = (engine: TestEngine, digest: string): boolean =>
  existsSync(join(engine.dataRoot, 'content/blobs/sha256', digest.slice(7)));

interface Pulled {
  readonly digest: string;
  readonly blobs: readonly { readonly digest: string; readonly bytes: Buffer }[];
}

/** The whole image as a client gets it, each part checked against its digest. */
async function pullAll(host: string, path: string, reference: string): Promise<Pulled> {
  const response = await fetch(`http://${host}/v2/${path}/manifests/${reference}`, { headers: { accept: ACCEPT } });
  const manifest = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, manifest.toString());
  const { config, layers } = JSON.parse(manifest.toString());
  const parts = await Promise.all(
    [config, ...layers].map(async ({ digest, size }: { digest: string; size: number }) => {
      const bytes = Buffer.from(await (await fetch(`http://${host}/v2/${path}/blobs/${digest}`)).arrayBuffer());
      assert.deepEqual([sha256(bytes), bytes.length], [digest, size]);
      return { digest, bytes };
    }),
  );
  return { digest: sha256(manifest), blobs: parts };
}

/** An image that nobody else has, so that its blobs are its own. */
async function loadOwn(engine: TestEngine, tag: string): Promise<void> {
  const layer = tarArchive([{ name: 'own', type: 'file', content: `content of ${tag}` }]);
  await engine.ok('gantry', ['load', '-q'], { input: busyboxArchive({ tags: [tag], layers: [layer] }) });
}

test('a real dockerd pulls from the engine what nobody has pushed', async (t) => {
  const { socket, skip } = await peer('dockerd');
  if (skip) return t.skip(skip);
  const host = `127.0.0.1:${await freePort()}`;
  await using engine = await startEngine({ flags: ['--registry-listen', host] });
  const name = `${host}/peer/${unique('app')}:1`;
  await loadOwn(engine, name);
  const theirs = (...args: string[]) => command('docker', args, { env: { DOCKER_HOST: `unix://${socket}` } });
  const pulled = await theirs('pull', name);
  assert.equal(pulled.code, 0, pulled.stderr);
  const run = await theirs('run', '--rm', '--network', 'none', name, 'cat', '/own');
  assert.equal((await theirs('rmi', '-f', name)).code, 0);
  assert.equal(run.stdout, `content of ${name}`);
});

for (const cli of CLIS) {
  test(`${cli}: a name at the engine's own registry is served without a push and without a copy`, async () => {
    const host = `localhost:${await freePort()}`;
    await using engine = await startEngine({ flags: ['--registry-listen', host.replace('localhost', '127.0.0.1')] });
    await loadBusybox(engine);
    const path = `team/${unique('app')}`;
    const before = blobs(engine);
    await engine.ok(cli, ['tag', 'busybox:latest', `${host}/${path}:1`]);
    await pullAll(host, path, '1');
    assert.deepEqual(blobs(engine), before);
    const { tags } = (await (await fetch(`http://${host}/v2/${path}/tags/list`)).json()) as { tags: string[] };
    assert.deepEqual(tags, ['1']);
    const catalog = (await (await fetch(`http://${host}/v2/_catalog`)).json()) as { repositories: string[] };
    assert.deepEqual(catalog.repositories, [path]);
    if ((await command('sh', ['-c', 'command -v skopeo'])).code === 0) {
      const inspected = await command('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/${path}:1`]);
      assert.equal(inspected.code, 0, inspected.stderr);
    }
    await engine.ok(cli, ['rmi', `${host}/${path}:1`]);
    assert.equal((await fetch(`http://${host}/v2/${path}/manifests/1`)).status, 404);
  });

  test(`${cli}: a push lands in the engine's store; image and registry keep what the other lets go`, async (t) => {
    const config = temporaryFile(t, 'registry.json', '{"gc":{"graceSeconds":3,"sweepSeconds":0.2}}');
    const port = await freePort();
    const host = `localhost:${port}`;
    const flags = ['--registry-listen', `127.0.0.1:${port}`, '--registry-config', config];
    await using engine = await startEngine({ flags });
    await loadBusybox(engine);
    const path = `team/${unique('app')}`;
    const [name, second] = [`${host}/${path}:1`, `${host}/${path}-second:1`];
    for (const own of [name, second]) {
      await loadOwn(engine, own);
      await engine.ok(cli, ['push', own]);
    }
    const pushed = await pullAll(host, path, '1');
    const image = await engine.ok(cli, ['image', 'inspect', '--format', '{{.Id}}', name]);
    assert.ok(hasBlob(engine, pushed.digest));

    // The image goes, the registry keeps it: over a crash, and over a start without a registry.
    await engine.ok(cli, ['rmi', name]);
    assert.equal((await engine[cli](['image', 'inspect', image])).code, 1);
    assert.equal((await pullAll(host, path, '1')).digest, pushed.digest);
    await engine.kill9();
    await engine.start();
    assert.equal((await pullAll(host, path, '1')).digest, pushed.digest);
    assert.match(await engine.ok(cli, ['pull', name]), new RegExp(`Digest: ${pushed.digest}`));
    assert.equal(await engine.ok(cli, ['run', '--rm', name, 'cat', '/own']), `content of ${name}`);

    // The registry lets go, the image keeps it.
    const remove = await fetch(`http://${host}/v2/${path}/manifests/${pushed.digest}`, { method: 'DELETE' });
    assert.equal(remove.status, 202);
    const others = await pullAll(host, `${path}-second`, '1');
    await engine.ok(cli, ['rmi', second]);
    await fetch(`http://${host}/v2/${path}-second/manifests/${others.digest}`, { method: 'DELETE' });
    const layer = others.blobs.at(-1)?.digest ?? '';
    await eventually(async () => assert.ok(!hasBlob(engine, layer), 'what neither has goes by itself'));
    assert.equal(await engine.ok(cli, ['run', '--rm', name, 'cat', '/own']), `content of ${name}`);
    await engine.ok(cli, ['rmi', name]);
    await eventually(async () => assert.ok(!hasBlob(engine, pushed.digest)));
    const check = await engine.gantry(['system', 'check']);
    assert.equal(check.code, 0, check.stdout + check.stderr);
  });
}

test('killed at any moment of a push to its own registry, the engine comes up sound, and the push succeeds', async () => {
  const port = await freePort();
  const host = `localhost:${port}`;
  await using engine = await startEngine({ flags: ['--registry-listen', `127.0.0.1:${port}`] });
  const pushed = new Map<string, string>();
  for (let round = 0; round < 3; round++) {
    const name = `${host}/app:${round}`;
    await loadOwn(engine, name);
    const push = engine.gantry(['push', name]);
    await new Promise((resolve) => setTimeout(resolve, 40 + round * 60 + Math.random() * 60));
    await engine.kill9();
    await push;
    await engine.start();
    const check = await engine.gantry(['system', 'check']);
    assert.equal(check.code, 0, check.stdout + check.stderr);
    await engine.ok('gantry', ['push', name]);
    await engine.ok('gantry', ['rmi', name]);
    pushed.set(`${round}`, (await pullAll(host, 'app', `${round}`)).digest);
    for (const [tag, digest] of pushed) assert.equal((await pullAll(host, 'app', tag)).digest, digest);
  }
});

test('what was pushed outlives a start of the engine without its registry', async () => {
  const port = await freePort();
  const host = `localhost:${port}`;
  await using first = await startEngine({ flags: ['--registry-listen', `127.0.0.1:${port}`] });
  await loadOwn(first, `${host}/app:1`);
  await first.ok('gantry', ['push', `${host}/app:1`]);
  const { digest } = await pullAll(host, 'app', '1');
  await first.ok('gantry', ['rmi', `${host}/app:1`]);
  assert.equal(await first.stop(), 0);
  {
    await using plain = await startEngine({ dataRoot: first.dataRoot });
    assert.ok(hasBlob(plain, digest));
    await assert.rejects(fetch(`http://${host}/v2/`));
  }
  await first.start();
  const { blobs: parts } = await pullAll(host, 'app', '1');

  // A blob that the disk loses is told by the check, absent for clients, and comes again with the next push.
  const layer = parts.at(-1)?.digest ?? '';
  rmSync(join(first.dataRoot, 'content/blobs/sha256', layer.slice(7)));
  const check = await first.gantry(['system', 'check']);
  assert.notEqual(check.code, 0);
  assert.match(check.stdout + check.stderr, /app in the engine's registry refers to it/);
  assert.equal((await fetch(`http://${host}/v2/app/blobs/${layer}`)).status, 404);
  await loadOwn(first, `${host}/app:1`);
  await first.ok('gantry', ['push', `${host}/app:1`]);
  assert.equal((await pullAll(host, 'app', '1')).digest, digest);
  await first.ok('gantry', ['system', 'check']);
});

test('accounts, limits and errors of the configuration are those of gantry registry serve', async (t) => {
  const passwords = temporaryFile(t, 'htpasswd', 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n');
  const config = join(dirname(passwords), 'registry.json');
  writeFileSync(config, JSON.stringify({ auth: { htpasswd: passwords }, limits: { totalBytes: '10k' } }));
  const port = await freePort();
  const flags = ['--registry-listen', `127.0.0.1:${port}`, '--registry-config', config];
  await using engine = await startEngine({ flags });
  await loadBusybox(engine);
  const name = `localhost:${port}/app:1`;
  await engine.ok('gantry', ['tag', 'busybox:latest', name]);
  assert.match((await engine.gantry(['push', name])).stderr, /unauthorized|no basic auth credentials/);
  await engine.ok('gantry', ['login', '-u', 'bob', '--password-stdin', `localhost:${port}`], { input: 'secret' });
  assert.match((await engine.gantry(['push', name])).stderr, /denied: the quota of this registry is used up/);
  assert.equal((await fetch(`http://localhost:${port}/v2/app/manifests/1`)).status, 401);

  writeFileSync(config, '{"root":"/srv"}');
  await assert.rejects(startEngine({ flags }), /root: not for a registry within the engine/);
  writeFileSync(config, '{"gc":{}}');
  await assert.rejects(
    startEngine({ flags: ['--registry-config', config] }),
    /--registry-config needs --registry-listen/,
  );
  await assert.rejects(
    startEngine({ flags: ['--registry-listen', `127.0.0.1:${port}`] }),
    /is in use by another program/,
  );
  assert.doesNotMatch(readFileSync(config, 'utf8'), /secret/);
});
