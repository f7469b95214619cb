import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarArchive } from '../../../test/support/busybox-image.ts';
import { makeFullDisk } from '../../../test/support/full-disk.ts';
import { silentLogger } from '../../base/logger.ts';
import { detachMount, readMountInfo } from '../../linux/index.ts';
import { layerMounts } from './layer-mounts.ts';
import { LayerTable } from './layer-table.ts';
import { openSnapshots } from './open-snapshots.ts';
import { snapshotPaths } from './paths.ts';
import { digestOf, file, NEVER, openFixture } from './snapshots.fixture.ts';
import { snapshotsSuite } from './snapshots.suite.ts';

snapshotsSuite('overlay2');

test('overlay2: a hundred layers unpack in parallel and mount', async () => {
  await using fixture = openFixture('overlay2');
  const tars = Array.from({ length: 100 }, (_, index) => tarArchive([file('level', String(index)), file(`f${index}`)]));
  const diffIds = tars.map(digestOf);
  await Promise.all(
    tars.map((tar, index) => {
      const path = join(fixture.folder, `t${index}`);
      writeFileSync(path, tar);
      const layer = { diffId: digestOf(tar), parents: diffIds.slice(0, index) };
      return fixture.snapshots.unpack(layer, { path, digest: digestOf(tar) }, NEVER);
    }),
  );
  await fixture.snapshots.createWritable('c', diffIds);
  const root = await fixture.snapshots.mount('c');
  assert.equal(readFileSync(join(root, 'level'), 'utf8'), '99');
  assert.equal(readdirSync(root).length, 101);

  // Kernels before 6.5 accept one page of options.
  const paths = snapshotPaths(fixture.folder);
  const lower = new LayerTable(paths, silentLogger).chain(diffIds);
  const target = join(fixture.folder, 'by-page');
  mkdirSync(target);
  layerMounts(paths, 'page').mount({ lower, target });
  assert.equal(readFileSync(join(target, 'level'), 'utf8'), '99');
  assert.equal(readdirSync(target).length, 101);
  detachMount(target);
});

test('overlay2: more layers than the kernel mounts are refused by name, and later mounts work as before', async () => {
  await using fixture = openFixture('overlay2');
  const diffIds = await Promise.all([fixture.layer([file('a')]), fixture.layer([file('b')])]);
  const paths = snapshotPaths(fixture.folder);
  const table = new LayerTable(paths, silentLogger);
  const [one] = table.chain(diffIds.slice(0, 1));
  assert.ok(one);
  const mounts = layerMounts(paths);
  const target = join(fixture.folder, 'target');
  mkdirSync(target);
  // The kernel's own limit: one more layer is what it refuses.
  const lower = Array.from({ length: 501 }, (_, at) => ({ ...one, key: `${one.key}-${at}` as typeof one.key }));
  assert.throws(() => mounts.mount({ lower, target }), { kind: 'invalid', message: /^max depth exceeded: 501 layers/ });
  mounts.mount({ lower: table.chain(diffIds), target });
  assert.deepEqual(readdirSync(target).sort(), ['a', 'b']);
  detachMount(target);
});

test('overlay2: a volatile root mounts again after an unmount, and as often as wanted', async () => {
  await using fixture = openFixture('overlay2');
  const layer = await fixture.layer([file('a')]);
  await fixture.snapshots.createWritable('c', [layer]);
  for (const round of ['1', '2', '3']) {
    const root = await fixture.snapshots.mount('c', { isVolatile: true });
    const mounted = readMountInfo().find(({ mountPoint }) => mountPoint === root);
    // Newer kernels show it as `fsync=volatile`.
    assert.ok(mounted?.superOptions.some((option) => option.endsWith('volatile')));
    writeFileSync(join(root, round), '');
    await fixture.snapshots.unmount('c');
  }
  const root = await fixture.snapshots.mount('c', { isVolatile: true });
  assert.deepEqual(readdirSync(root).sort(), ['1', '2', '3', 'a']);
});

test('a cancelled unpacking leaves nothing', async () => {
  await using fixture = openFixture('overlay2');
  const tar = tarArchive([{ name: 'big', type: 'file', content: Buffer.alloc(64 << 20) }]);
  const path = join(fixture.folder, 'big.tar');
  writeFileSync(path, tar);
  const abort = new AbortController();
  const unpacking = fixture.snapshots.unpack(
    { diffId: digestOf(tar), parents: [] },
    { path, digest: digestOf(Buffer.from('')) },
    abort.signal,
  );
  abort.abort();
  await assert.rejects(unpacking, { kind: 'cancelled' });
  assert.deepEqual(fixture.snapshots.layers(), []);
});

test('overlay2: a root whose working folder is gone mounts on a full disk with reserved space', async (t) => {
  using disk = makeFullDisk(16);
  const mountRoot = mkdtempSync(join(tmpdir(), 'gantry-roots-'));
  t.after(() => rmSync(mountRoot, { recursive: true }));
  const reserve = join(disk.path, 'reserve');
  writeFileSync(reserve, Buffer.alloc(1 << 20, 1));
  let isAllowed = false;
  const releaseSpace = (): boolean => {
    if (isAllowed) rmSync(reserve);
    return isAllowed;
  };
  const dataRoot = join(disk.path, 'data');
  await using snapshots = openSnapshots({
    ...{ dataRoot, mountRoot, driver: 'overlay2', logger: silentLogger, releaseSpace },
  });
  await snapshots.createWritable('c', []);
  // As if overlayfs had found no space for it at an earlier mount.
  rmdirSync(join(snapshotPaths(dataRoot).writables, 'c', 'work', 'work'));
  disk.fill();
  await assert.rejects(snapshots.mount('c'), { kind: 'noSpace' });
  const full = { kind: 'noSpace', message: 'no space left on device' };
  await assert.rejects(snapshots.files.changes('c', NEVER), full);
  await assert.rejects(snapshots.files.layer('c', NEVER), full);
  isAllowed = true;
  writeFileSync(join(await snapshots.mount('c'), 'file'), 'written');
  await snapshots.unmount('c');
});

test('a full disk is a clear error, and leaves room again', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-full-')));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'gantry-test', folder]);
  try {
    const source = mkdtempSync(join(tmpdir(), 'gantry-blob-'));
    const tar = tarArchive([{ name: 'big', type: 'file', content: Buffer.alloc(16 << 20, 1) }]);
    writeFileSync(join(source, 'tar'), tar);
    const snapshots = openSnapshots({
      dataRoot: folder,
      mountRoot: join(folder, 'roots'),
      driver: 'overlay2',
      logger: silentLogger,
    });
    const unpack = snapshots.unpack(
      { diffId: digestOf(tar), parents: [] },
      { path: join(source, 'tar'), digest: digestOf(tar) },
      NEVER,
    );
    await assert.rejects(unpack, { kind: 'noSpace', message: /no space left on device/ });
    await snapshots.swept();
    writeFileSync(join(folder, 'fits-again'), Buffer.alloc(6 << 20));
    await snapshots[Symbol.asyncDispose]();
    rmSync(source, { recursive: true });
  } finally {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});
