import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import { fakeImageSnapshots } from '../../test/support/fake-image-snapshots.ts';
import { imageHost } from '../../test/support/image-host.ts';
import type { Digest } from '../base/ids.ts';
import { silentLogger } from '../base/logger.ts';
import { openStores, type Stores } from './open-stores.ts';
import { openSnapshots } from './snapshots/index.ts';

const layer = (name: string, size = 1000): Buffer => tarArchive([{ name, content: Buffer.alloc(size, name) }]);
const image = (tag: string, ...names: string[]): Buffer =>
  imageArchive({ tags: [tag], layers: names.map((name) => layer(name)), config: { Cmd: [tag] } });

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'gantry-stores-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** A folder with 16 MiB of space. */
function smallDisk(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'gantry-stores-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', root]);
  t.after(() => {
    execFileSync('umount', ['--lazy', root]);
    rmSync(root, { recursive: true });
  });
  return root;
}

test('images, names and their targets are there again after a restart', async (t) => {
  const root = folder(t);
  {
    await using host = await imageHost({ root });
    await host.load(image('t/a:1', 'x', 'y'));
    await host.images.tag('t/a:1', { repo: 't/b', tag: '2' });
    assert.equal(host.stores.images.notDurable().length, 1);
    await host.stores.idle();
  }
  await using host = await imageHost({ root });
  assert.deepEqual(host.stores.images.resolve('t/b:2').names, ['docker.io/t/a:1', 'docker.io/t/b:2']);
  assert.deepEqual(host.stores.images.notDurable(), []);
});

test('what a crash left without a reference is swept at start, what is referred to stays', async (t) => {
  const root = folder(t);
  {
    await using host = await imageHost({ root });
    await host.load(image('t/a:1', 'x'));
  }
  const blobs = join(root, 'content/blobs/sha256');
  const before = readdirSync(blobs).sort();
  writeFileSync(join(blobs, 'f'.repeat(64)), 'a blob that no image got');
  writeFileSync(join(root, 'content/trash/half'), 'x');
  await using host = await imageHost({ root });
  await host.stores.content.swept();
  assert.deepEqual(readdirSync(blobs).sort(), before);
  assert.deepEqual(readdirSync(join(root, 'content/trash')), []);
});

test('stores close without waiting for what was deleted, and the next ones delete it', async (t) => {
  const root = folder(t);
  const snapshots = join(root, 'snapshots/trash');
  const content = join(root, 'content/trash');
  for (let at = 0; at < 40; at++) {
    mkdirSync(join(snapshots, `tree-${at}`), { recursive: true });
    mkdirSync(content, { recursive: true });
    for (let file = 0; file < 500; file++) writeFileSync(join(snapshots, `tree-${at}`, String(file)), '');
    for (let file = 0; file < 50; file++) writeFileSync(join(content, `blob-${at}-${file}`), '');
  }
  const open = (): Promise<Stores> =>
    openStores({
      dataRoot: root,
      logger: silentLogger,
      openSnapshots: () =>
        openSnapshots({ dataRoot: root, mountRoot: join(root, 'rootfs'), driver: 'auto', logger: silentLogger }),
    });
  const first = await open();
  await first.close();
  assert.ok(readdirSync(snapshots).length > 0, 'trees');
  assert.ok(readdirSync(content).length > 0, 'blobs');
  const second = await open();
  await second.idle();
  assert.deepEqual([readdirSync(snapshots), readdirSync(content)], [[], []]);
  await second.close();
});

test('a power cut that spoilt a blob costs the image, not the engine; a killed engine costs nothing', async (t) => {
  const root = folder(t);
  const host = await imageHost({ root, bootId: 'first boot' });
  await host.load(image('t/a:1', 'x'));
  await host.load(image('t/b:1', 'y'));
  const spoilt = host.stores.images.resolve('t/a:1').manifest.layers[0]!.digest;
  writeFileSync(host.stores.content.path(spoilt), '');
  // The engine is killed here: nothing was made durable.
  host.stores.db.close();

  const again = await imageHost({ root, bootId: 'first boot' });
  assert.equal(again.stores.images.list().length, 2);
  again.stores.db.close();
  const snapshots = fakeImageSnapshots();
  const after = await imageHost({ root, bootId: 'second boot', snapshots });
  assert.deepEqual(
    after.stores.images.list().map(({ names }) => names),
    [['docker.io/t/b:1']],
  );
  assert.throws(() => after.stores.images.resolve('t/a:1'), { kind: 'notFound' });
  // The layer's tree may be damaged as well.
  assert.equal(snapshots.unpacked, 1);
  await after.stores.idle();
  await after.stores.close();
  const calm = await imageHost({ root, bootId: 'third boot', snapshots });
  assert.equal(calm.snapshots.unpacked, 1);
  calm.stores.db.close();
});

test('removing one image while another with the same layers is loading loses nothing', async (t) => {
  const root = folder(t);
  await using host = await imageHost({ root });
  await host.load(image('t/a:1', 'x', 'y'));
  const remove = (): Promise<unknown> =>
    host.images.remove('t/a:1', { force: false, noPrune: false }, new AbortController().signal);
  await Promise.all([host.load(image('t/b:1', 'x', 'y', 'z')), remove()]);
  const { manifest, config } = host.stores.images.resolve('t/b:1');
  for (const { digest } of manifest.layers) assert.ok(host.stores.content.has(digest));
  assert.equal(host.snapshots.chain(config.rootfs.diff_ids).length, 3);
  // Four layers' worth of blobs less one: three, a config and a manifest. Three layers are unpacked.
  assert.equal((await host.leftovers()).length, 8);
});

test('index.json names every image as readers of OCI layouts expect', async (t) => {
  const root = folder(t);
  await using host = await imageHost({ root });
  await host.load(image('t/a:1', 'x'));
  await host.images.tag('t/a:1', { repo: 'localhost:5000/b', tag: '' });
  const read = (): { manifests: { digest: string; annotations: Record<string, string> }[] } =>
    JSON.parse(readFileSync(join(root, 'content/index.json'), 'utf8'));
  const names = read().manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name']);
  assert.deepEqual(names, ['docker.io/t/a:1', 'localhost:5000/b:latest']);
  await host.images.remove('t/a:1', { force: false, noPrune: false }, new AbortController().signal);
  assert.equal(read().manifests.length, 1);
});

const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;
test('skopeo reads the content store', { skip: hasSkopeo ? false : 'skopeo is not installed' }, async (t) => {
  const root = folder(t);
  await using host = await imageHost({ root });
  await host.load(image('t/a:1', 'x', 'y'));
  const { id, config } = host.stores.images.resolve('t/a:1');
  const skopeo = (...args: string[]): Record<string, unknown> =>
    JSON.parse(execFileSync('skopeo', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  const source = `oci:${join(root, 'content')}:docker.io/t/a:1`;
  assert.deepEqual(skopeo('inspect', source)['Layers'], config.rootfs.diff_ids);
  assert.deepEqual(skopeo('inspect', '--config', source)['rootfs'], config.rootfs);
  execFileSync('skopeo', [
    'copy',
    '--quiet',
    '--insecure-policy',
    source,
    `docker-archive:${join(root, 'out.tar')}:t/copy:1`,
  ]);
  await using other = await imageHost();
  assert.deepEqual(await other.load(readFileSync(join(root, 'out.tar'))), ['Loaded image: t/copy:1']);
  assert.equal(other.stores.images.resolve('t/copy:1').id, id);
});

const canMount = process.getuid?.() === 0;
test('a full disk is a clear error that leaves nothing, and removing still works', {
  skip: canMount ? false : 'needs root to mount a tmpfs',
}, async (t) => {
  const root = smallDisk(t);
  {
    await using host = await imageHost({ root });
    await host.load(image('t/a:1', 'x'));
    const before = await host.leftovers();
    const big = imageArchive({ tags: ['t/big:1'], layers: [layer('a', 6 << 20), layer('b', 9 << 20)], config: {} });
    for (const archive of [big, gzipSync(big)]) {
      await assert.rejects(host.load(archive), { kind: 'noSpace', message: 'no space left on device' });
      assert.deepEqual(await host.leftovers(), before);
    }
    // Fills the rest of the disk: not even the database can grow.
    assert.throws(() => writeFileSync(join(root, 'filler'), Buffer.alloc(16 << 20)), { code: 'ENOSPC' });
    await assert.rejects(host.load(image('t/b:1', 'y')), { kind: 'noSpace' });
    assert.deepEqual(await host.leftovers(), before);
    await host.images.remove('t/a:1', { force: false, noPrune: false }, new AbortController().signal);
    assert.deepEqual(await host.leftovers(), []);
    rmSync(join(root, 'filler'));
    await host.load(image('t/b:1', 'y'));
  }
  await using again = await imageHost({ root });
  assert.equal(again.stores.images.list().length, 1);
  assert.ok(existsSync(join(root, 'ballast')));
});

test('what a pull kept for the next one goes after a week, with the engine running or not', async (t) => {
  const root = folder(t);
  const blob = (stores: Stores): Digest => {
    const digest = stores.content.put(Buffer.from(`${Math.random()}`));
    stores.collector.retain(digest);
    return digest;
  };
  const week = 7 * 24 * 3600 * 1000;
  let left: Digest;
  {
    await using host = await imageHost({ root });
    const old = blob(host.stores);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + week + 1000 });
    left = blob(host.stores);
    host.stores.collector.expire();
    assert.deepEqual([host.stores.content.has(old), host.stores.content.has(left)], [false, true]);
  }
  {
    await using host = await imageHost({ root });
    assert.ok(host.stores.content.has(left));
  }
  t.mock.timers.setTime(Date.now() + week + 1000);
  await using host = await imageHost({ root });
  assert.ok(!host.stores.content.has(left));
  assert.deepEqual(host.stores.collector.audit().blobs, []);
});
