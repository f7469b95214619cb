import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { one, two } from '../support/archives.ts';
import { busyboxArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, eventually, loadBusybox, unique } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';

interface CacheFile {
  readonly path: string;
  /** `127.0.0.1:PORT` of the cache. */
  readonly host: string;
  write(proxy: object, rest?: object): void;
}

/** A file for `--registry-config`, gone with the test. */
async function cacheFile(t: TestContext): Promise<CacheFile> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-engine-cache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'registry.json');
  const host = `127.0.0.1:${await freePort()}`;
  return {
    path,
    host,
    write: (proxy, rest = {}) =>
      writeFileSync(
        path,
        JSON.stringify({ gc: { graceSeconds: 1, sweepSeconds: 0.2 }, ...rest, proxy: { listen: host, ...proxy } }),
      ),
  };
}

const hasBlob = (engine: TestEngine, digest: string): boolean =>
  existsSync(join(engine.dataRoot, 'content/blobs/sha256', digest.slice(7)));
const check = async (engine: TestEngine): Promise<void> => {
  const { code, stdout, stderr } = await engine.gantry(['system', 'check']);
  assert.equal(code, 0, stdout + stderr);
};

for (const cli of CLIS) {
  test(`${cli}: what was pulled through the engine's cache is served on when the upstream is gone, and is not an image`, async (t) => {
    const file = await cacheFile(t);
    await using upstream = await debianRegistry();
    file.write({ remoteUrl: `http://${upstream.host}`, ttlSeconds: 0 });
    await using engine = await startEngine({ flags: ['--registry-config', file.path] });
    const path = `team/${unique('app')}`;
    const input = busyboxArchive({ tags: [`${upstream.host}/${path}:1`] });
    await engine.ok(cli, ['load', '-q'], { input });
    await engine.ok(cli, ['push', '-q', `${upstream.host}/${path}:1`]);
    await engine.ok(cli, ['rmi', `${upstream.host}/${path}:1`]);

    // Another client first, so that the engine has nothing of it but what the cache keeps.
    const copied = join(engine.dataRoot, '..', 'copied');
    const source = `docker://${file.host}/${path}:1`;
    const skopeo = async (): Promise<void> => {
      rmSync(copied, { recursive: true, force: true });
      const { code, stderr } = await command('skopeo', [
        'copy',
        '-q',
        '--src-tls-verify=false',
        source,
        `dir:${copied}`,
      ]);
      assert.equal(code, 0, stderr);
    };
    await skopeo();
    assert.equal(await engine.ok(cli, ['images', '-aq']), '');
    const kept = readdirSync(join(engine.dataRoot, 'content/blobs/sha256'));
    assert.equal(kept.length, 3);
    await upstream[Symbol.asyncDispose]();
    await engine.ok(cli, ['system', 'prune', '-af']);
    await engine.kill9();
    await engine.start();
    await skopeo();
    const name = `${file.host}/${path}:1`;
    await engine.ok(cli, ['pull', name]);
    assert.equal(await engine.ok(cli, ['run', '--rm', '--network', 'none', name, 'echo', 'up']), 'up');
    assert.deepEqual(readdirSync(join(engine.dataRoot, 'content/blobs/sha256')), kept, 'nothing is stored twice');
    await check(engine);
    await engine.ok(cli, ['rmi', name]);
    await skopeo();
    await engine.ok(cli, ['pull', '-q', name]);
    const { code, stderr } = await engine[cli](['push', name]);
    assert.deepEqual([code, /it takes no pushes/.test(stderr)], [1, true], stderr);
    await engine.ok(cli, ['rmi', name]);
    await check(engine);
  });
}

test('beside the registry of the engine: what was pushed is not the cache’s, nor evicted with it', async (t) => {
  const file = await cacheFile(t);
  await using upstream = await faultyRegistry();
  const first = upstream.publish('team/one', 'v1', [one]);
  const second = upstream.publish('team/two', 'v1', [two]);
  const layer = (image: { readonly manifest: Buffer }): string =>
    JSON.parse(image.manifest.toString()).layers[0].digest;
  const size = first.config.length + first.manifest.length + (first.layers[0]?.length ?? 0);
  file.write({ remoteUrl: `http://${upstream.host}`, totalBytes: size, keepDays: 1 });
  const own = `127.0.0.1:${await freePort()}`;
  await using engine = await startEngine({ flags: ['--registry-config', file.path, '--registry-listen', own] });
  await loadBusybox(engine);
  await engine.ok('gantry', ['tag', 'busybox', `${own}/app`]);
  await engine.ok('gantry', ['push', '-q', `${own}/app`]);
  const get = (host: string, what: string): Promise<Response> => fetch(`http://${host}/v2/${what}`);
  assert.deepEqual(await (await get(file.host, '_catalog')).json(), { repositories: [] });
  assert.equal((await get(file.host, 'app/manifests/latest')).status, 404);
  const pull = async (name: string, image: typeof first): Promise<void> => {
    assert.equal((await get(file.host, `${name}/manifests/v1`)).headers.get('docker-content-digest'), image.digest);
    const bytes = Buffer.from(await (await get(file.host, `${name}/blobs/${layer(image)}`)).arrayBuffer());
    assert.ok(image.layers[0]?.equals(bytes));
  };
  await pull('team/one', first);
  assert.equal((await get(own, 'team/one/manifests/v1')).status, 404);
  await engine.stop();
  // As if it had been pulled long ago: the clock of a cache is the machine's.
  file.write({ remoteUrl: `http://${upstream.host}`, totalBytes: size, keepDays: 1e-6 });
  await engine.start();
  await eventually(async () => assert.ok(!hasBlob(engine, layer(first))));
  assert.equal((await get(own, 'app/manifests/latest')).status, 200);
  file.write({ remoteUrl: `http://${upstream.host}` });
  await engine.stop();
  await engine.start();
  await pull('team/two', second);
  await check(engine);

  // Without a cache, or with one of another registry, what was cached goes; what was pushed stays.
  await engine.stop();
  writeFileSync(file.path, '{}');
  await engine.start();
  assert.ok(!hasBlob(engine, layer(second)));
  await assert.rejects(get(file.host, ''));
  await engine.ok('gantry', ['rmi', '-f', `${own}/app`, 'busybox']);
  assert.equal((await get(own, 'app/manifests/latest')).status, 200);
  await check(engine);
});

test('what the engine has of an image is not fetched again for the cache, and stays when the image goes', async (t) => {
  const file = await cacheFile(t);
  await using upstream = await faultyRegistry();
  const image = upstream.publish('team/app', 'v1', [one]);
  const layer: string = JSON.parse(image.manifest.toString()).layers[0].digest;
  file.write({ remoteUrl: `http://${upstream.host}` });
  await using engine = await startEngine({ flags: ['--registry-config', file.path] });
  await engine.ok('gantry', ['pull', '-q', `${upstream.host}/team/app:v1`]);
  upstream.journal.length = 0;
  const base = `http://${file.host}/v2/team/app`;
  assert.equal((await fetch(`${base}/manifests/v1`)).status, 200);
  assert.ok(image.layers[0]?.equals(Buffer.from(await (await fetch(`${base}/blobs/${layer}`)).arrayBuffer())));
  assert.deepEqual(
    upstream.journal.filter((line) => line.includes('/blobs/')),
    [],
  );
  await engine.ok('gantry', ['rmi', `${upstream.host}/team/app:v1`]);
  assert.ok(hasBlob(engine, layer));
  await check(engine);
});

test('system df tells what registry and cache hold alone; docker reads it, too', async (t) => {
  const file = await cacheFile(t);
  await using upstream = await faultyRegistry();
  const image = upstream.publish('team/app', 'v1', [one]);
  file.write({ remoteUrl: `http://${upstream.host}` });
  const own = `127.0.0.1:${await freePort()}`;
  await using engine = await startEngine({ flags: ['--registry-config', file.path, '--registry-listen', own] });
  const rows = async (): Promise<string[]> =>
    (
      await engine.ok('gantry', ['system', 'df', '--format', '{{.Type}}:{{.TotalCount}}:{{.Size}}:{{.Reclaimable}}'])
    ).split('\n');
  const usage = async () => JSON.parse((await engine.api('GET', '/system/df')).body).Registries;
  assert.equal(await usage(), undefined);
  assert.equal((await rows()).length, 4);

  await loadBusybox(engine);
  await engine.ok('gantry', ['tag', 'busybox', `${own}/app`]);
  await engine.ok('gantry', ['push', '-q', `${own}/app`]);
  const [shared] = await usage();
  assert.ok(shared.Size > 0);
  assert.deepEqual(shared, { Type: 'registry', Repositories: 1, Size: shared.Size, UniqueSize: 0 });
  await engine.ok('gantry', ['rmi', '-f', `${own}/app`, 'busybox']);
  assert.equal((await fetch(`http://${file.host}/v2/team/app/manifests/v1`)).status, 200);
  const cached = image.manifest.length;
  assert.deepEqual(await usage(), [
    { ...shared, UniqueSize: shared.Size },
    { Type: 'cache', Repositories: 1, Size: cached, UniqueSize: cached },
  ]);
  assert.deepEqual((await rows()).slice(4), [
    `Registry:1:${(shared.Size / 1e6).toPrecision(4)}MB:0B`,
    `Registry Cache:1:${cached}B:0B`,
  ]);
  assert.match(
    await engine.ok('gantry', ['system', 'df', '-v']),
    /Registry space usage:\n\nREGISTRY +REPOSITORIES +SIZE +UNIQUE SIZE\nregistry +1 +\S+MB +\S+MB\ncache +1 /,
  );
  for (const cli of CLIS) {
    assert.match(await engine.ok(cli, ['system', 'df']), /^Images +0 +0 +0B +0B$/m);
    assert.match(await engine.ok(cli, ['system', 'df', '-v']), /^Build cache usage: 0B$/m);
  }
  assert.equal(JSON.parse((await engine.api('GET', '/system/df?type=image')).body).Registries, undefined);
});

test('a cache within the engine says where it listens', async (t) => {
  const file = await cacheFile(t);
  for (const [config, message] of [
    [{ proxy: { remoteUrl: 'docker.io' } }, /proxy\.listen: say where the cache listens/],
    [{ proxy: { remoteUrl: 'http://u:p@x', listen: file.host } }, /credentials for the upstream do not belong/],
    [{ proxy: { remoteUrl: 'docker.io', listen: 'nowhere' } }, /nowhere\\" is not an address/],
  ] as const) {
    writeFileSync(file.path, JSON.stringify(config));
    await assert.rejects(startEngine({ flags: ['--registry-config', file.path] }), message);
  }
});
