import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type TarEntry, tarArchive } from '../../../test/support/busybox-image.ts';
import type { Digest } from '../../base/ids.ts';
import { silentLogger } from '../../base/logger.ts';
import { detachMount, readMountInfo } from '../../linux/index.ts';
import { layerMounts } from './layer-mounts.ts';
import { LayerTable } from './layer-table.ts';
import { type OpenSnapshots, openSnapshots } from './open-snapshots.ts';
import { snapshotPaths } from './paths.ts';

const NEVER = new AbortController().signal;
const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

interface Bed extends AsyncDisposable {
  readonly folder: string;
  snapshots: OpenSnapshots;
  reopen(): Promise<void>;
  /** Unpacks over the parents; answers the diffID. */
  layer(entries: readonly TarEntry[], parents?: readonly Digest[], pack?: (tar: Buffer) => Buffer): Promise<Digest>;
}

function openBed(driver: 'overlay2' | 'vfs'): Bed {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-snapshots-')));
  const open = (): OpenSnapshots =>
    openSnapshots({ dataRoot: folder, mountRoot: join(folder, 'roots'), driver, logger: silentLogger });
  let count = 0;
  const bed: Bed = {
    folder,
    snapshots: open(),
    async reopen() {
      await bed.snapshots[Symbol.asyncDispose]();
      bed.snapshots = open();
    },
    async layer(entries, parents = [], pack = (tar) => tar) {
      const tar = tarArchive(entries);
      const packed = pack(tar);
      const path = join(folder, `layer-${count++}.tar`);
      writeFileSync(path, packed);
      const diffId = digestOf(tar);
      await bed.snapshots.unpack({ diffId, parents }, { path, digest: digestOf(packed) }, NEVER);
      return diffId;
    },
    async [Symbol.asyncDispose]() {
      for (const id of bed.snapshots.writables()) await bed.snapshots.removeWritable(id);
      await bed.snapshots[Symbol.asyncDispose]();
      const left = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(folder));
      assert.deepEqual(left, [], 'no mount is left');
      assert.deepEqual(readdirSync(join(folder, 'snapshots', 'new')), [], 'nothing half unpacked is left');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return bed;
}

const dir = (name: string, mode = 0o755): TarEntry => ({ name, type: 'directory', mode });
const file = (name: string, content = name, mode = 0o644): TarEntry => ({ name, type: 'file', content, mode });

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`${driver}: layers lie on one another, whiteouts and opaque folders hide, the writable takes changes`, async () => {
    await using bed = openBed(driver);
    const base = await bed.layer([dir('a/'), file('a/one'), file('a/two'), dir('b/'), file('b/old'), file('gone')]);
    const top = await bed.layer(
      [dir('a/'), file('a/one', 'newer'), file('.wh.gone', ''), dir('b/'), file('b/.wh..wh..opq', ''), file('b/new')],
      [base],
    );
    await bed.snapshots.createWritable('c1', [base, top]);
    const root = await bed.snapshots.mount('c1');
    assert.equal(await bed.snapshots.mount('c1'), root, 'mounting again is the same');
    assert.equal(readFileSync(join(root, 'a/one'), 'utf8'), 'newer');
    assert.equal(readFileSync(join(root, 'a/two'), 'utf8'), 'a/two');
    assert.deepEqual(readdirSync(join(root, 'b')), ['new']);
    assert.equal(existsSync(join(root, 'gone')), false);
    writeFileSync(join(root, 'written'), 'x'.repeat(1000));
    await bed.snapshots.createWritable('c2', [base]);
    assert.deepEqual(readdirSync(await bed.snapshots.mount('c2')).sort(), ['a', 'b', 'gone'], 'layers are not changed');
    if (driver === 'overlay2') assert.equal(await bed.snapshots.writableSize('c1'), 1000);
    await bed.snapshots.unmount('c1');
    await bed.snapshots.unmount('c1');
    assert.equal(readFileSync(join(await bed.snapshots.mount('c1'), 'written'), 'utf8').length, 1000);
  });

  test(`${driver}: files keep owner, mode, setuid, time, xattrs, links and device nodes`, async () => {
    await using bed = openBed(driver);
    const layer = await bed.layer([
      { name: './', type: 'directory', mode: 0o700, uid: 7, gid: 8 },
      dir('tmp/', 0o1777),
      { name: 'su', type: 'file', content: 'x', mode: 0o4755, uid: 3, gid: 4, mtime: 1_000_000_000 },
      { name: 'hard', type: 'link', target: 'su' },
      { name: 'soft', type: 'symlink', target: '/su' },
      { name: 'null', type: 'character', major: 1, minor: 3, mode: 0o666 },
      { name: 'pipe', type: 'fifo', mode: 0o600 },
      { name: 'capable', type: 'file', content: '', pax: { 'SCHILY.xattr.user.colour': 'blue' } },
    ]);
    await bed.snapshots.createWritable('c', [layer]);
    const root = await bed.snapshots.mount('c');
    const at = (name: string) => lstatSync(join(root, name));
    assert.deepEqual([at('').mode & 0o7777, at('').uid, at('').gid], [0o700, 7, 8]);
    assert.equal(at('tmp').mode & 0o7777, 0o1777);
    assert.deepEqual([at('su').mode & 0o7777, at('su').uid, at('su').gid, at('su').mtimeMs], [0o4755, 3, 4, 1e12]);
    assert.equal(at('hard').ino, at('su').ino);
    assert.ok(at('soft').isSymbolicLink() && at('null').isCharacterDevice() && at('pipe').isFIFO());
    assert.equal(at('null').rdev, 0x103);
    assert.equal(readFileSync(join(root, 'su'), 'utf8'), 'x');
  });

  test(`${driver}: gzip and zstd layers are read, and a wrong diffID is refused`, async () => {
    await using bed = openBed(driver);
    const one = await bed.layer([file('gz')], [], gzipSync);
    const two = await bed.layer([file('zst')], [one], zstdCompressSync);
    await bed.snapshots.createWritable('c', [one, two]);
    assert.deepEqual(readdirSync(await bed.snapshots.mount('c')).sort(), ['gz', 'zst']);
    const packed = gzipSync(tarArchive([file('x')]));
    writeFileSync(join(bed.folder, 'bad'), packed);
    const source = { path: join(bed.folder, 'bad'), digest: digestOf(packed) };
    const diffId = digestOf(Buffer.from('another'));
    await assert.rejects(bed.snapshots.unpack({ diffId, parents: [] }, source, NEVER), { kind: 'invalid' });
    assert.equal(bed.snapshots.layers().length, 2);
  });

  test(`${driver}: a layer without folder entries takes their attributes from below`, async () => {
    await using bed = openBed(driver);
    const base = await bed.layer([
      dir('tmp/', 0o1777),
      { name: 'lib', type: 'symlink', target: 'usr/lib' },
      dir('usr/'),
      dir('usr/lib/'),
    ]);
    const middle = await bed.layer([dir('other/')], [base]);
    const top = await bed.layer([file('tmp/f')], [base, middle]);
    const linked = await bed.layer([file('lib/so')], [base, middle]);
    await bed.snapshots.createWritable('c', [base, middle, top]);
    assert.equal(statSync(join(await bed.snapshots.mount('c'), 'tmp')).mode & 0o7777, 0o1777);
    await bed.snapshots.createWritable('d', [base, middle, linked]);
    const root = await bed.snapshots.mount('d');
    assert.ok(lstatSync(join(root, 'lib')).isSymbolicLink());
    assert.equal(readFileSync(join(root, 'usr/lib/so'), 'utf8'), 'lib/so');
  });

  test(`${driver}: a hard link to a file of a layer below is made there`, async () => {
    await using bed = openBed(driver);
    const base = await bed.layer([file('original', 'content')]);
    const top = await bed.layer([{ name: 'second', type: 'link', target: 'original' }], [base]);
    await bed.snapshots.createWritable('c', [base, top]);
    assert.equal(readFileSync(join(await bed.snapshots.mount('c'), 'second'), 'utf8'), 'content');
  });

  test(`${driver}: hostile archives are refused and leave nothing, in or out of the root`, async () => {
    await using bed = openBed(driver);
    const outside = join(tmpdir(), `gantry-escaped-${process.pid}-${driver}`);
    const up = '../'.repeat(12);
    const cases: Readonly<Record<string, readonly TarEntry[]>> = {
      'a name that climbs out': [file(`${up}${outside.slice(1)}`)],
      'a symlink out, then a file behind it': [
        { name: 'out', type: 'symlink', target: `${up}tmp` },
        file(`out/gantry-escaped-${process.pid}-${driver}`),
      ],
      'a hard link to a file outside': [{ name: 'pw', type: 'link', target: `${up}etc/passwd` }],
      'a hard link to itself': [{ name: 'self', type: 'link', target: 'self' }],
      'a name that is too long': [file(`${'x'.repeat(300)}`)],
      'a file where a folder is needed': [file('f'), file('f/below')],
      'a claimed size beyond the archive': [{ name: 'short', type: 'file', content: 'abc', size: 1 << 30 }],
      'an unknown kind of entry': [{ name: 'odd', type: 'file', typeFlag: 'Z', content: '' }],
    };
    for (const [what, entries] of Object.entries(cases)) {
      await assert.rejects(
        bed.layer(entries),
        (error: Error & { kind?: string }) => {
          assert.ok(error.kind === 'invalid' || error.kind === 'tooLarge', `${what}: ${error.message}`);
          return true;
        },
        what,
      );
    }
    assert.equal(existsSync(outside), false);
    assert.deepEqual(bed.snapshots.layers(), []);
  });

  test(`${driver}: absolute names are rooted, and links that lead out end inside`, async () => {
    await using bed = openBed(driver);
    const layer = await bed.layer([
      file('/etc/thing'),
      { name: 'abs', type: 'symlink', target: '/etc' },
      file('abs/via'),
    ]);
    await bed.snapshots.createWritable('c', [layer]);
    assert.deepEqual(readdirSync(join(await bed.snapshots.mount('c'), 'etc')).sort(), ['thing', 'via']);
    assert.equal(existsSync('/etc/via'), false);
  });

  test(`${driver}: after a restart everything is known, and what was half made is gone`, async () => {
    await using bed = openBed(driver);
    const layer = await bed.layer([file('f')]);
    await bed.snapshots.createWritable('c', [layer]);
    const root = await bed.snapshots.mount('c');
    writeFileSync(join(root, 'kept'), '1');
    mkdirSync(join(bed.folder, 'snapshots/new/1-1/fs'), { recursive: true });
    mkdirSync(join(bed.folder, 'snapshots/writables/half/fs'), { recursive: true });
    await bed.reopen();
    assert.deepEqual(bed.snapshots.writables(), ['c']);
    assert.equal(readFileSync(join(await bed.snapshots.mount('c'), 'kept'), 'utf8'), '1');
    await assert.rejects(bed.snapshots.removeLayer(bed.snapshots.chain([layer])[0]!), { kind: 'conflict' });
    await bed.snapshots.removeWritable('c');
    await bed.snapshots.removeWritable('c');
    await bed.snapshots.removeLayer(bed.snapshots.chain([layer])[0]!);
    assert.throws(() => bed.snapshots.chain([layer]), { kind: 'notFound' });
  });
}

test('overlay2: a hundred layers unpack in parallel and mount', async () => {
  await using bed = openBed('overlay2');
  const tars = Array.from({ length: 100 }, (_, index) => tarArchive([file('level', String(index)), file(`f${index}`)]));
  const diffIds = tars.map(digestOf);
  await Promise.all(
    tars.map((tar, index) => {
      const path = join(bed.folder, `t${index}`);
      writeFileSync(path, tar);
      const layer = { diffId: digestOf(tar), parents: diffIds.slice(0, index) };
      return bed.snapshots.unpack(layer, { path, digest: digestOf(tar) }, NEVER);
    }),
  );
  await bed.snapshots.createWritable('c', diffIds);
  const root = await bed.snapshots.mount('c');
  assert.equal(readFileSync(join(root, 'level'), 'utf8'), '99');
  assert.equal(readdirSync(root).length, 101);

  // Kernels before 6.5 take one page of options.
  const paths = snapshotPaths(bed.folder);
  const lower = new LayerTable(paths, silentLogger).chain(diffIds);
  const target = join(bed.folder, 'by-page');
  mkdirSync(target);
  layerMounts(paths, 'page').mount({ lower, target });
  assert.equal(readFileSync(join(target, 'level'), 'utf8'), '99');
  assert.equal(readdirSync(target).length, 101);
  detachMount(target);
});

test('overlay2: a volatile root mounts again after an unmount, and as often as wanted', async () => {
  await using bed = openBed('overlay2');
  const layer = await bed.layer([file('a')]);
  await bed.snapshots.createWritable('c', [layer]);
  for (const round of ['1', '2', '3']) {
    const root = await bed.snapshots.mount('c', { isVolatile: true });
    const mounted = readMountInfo().find(({ mountPoint }) => mountPoint === root);
    // Newer kernels show it as `fsync=volatile`.
    assert.ok(mounted?.superOptions.some((option) => option.endsWith('volatile')));
    writeFileSync(join(root, round), '');
    await bed.snapshots.unmount('c');
  }
  const root = await bed.snapshots.mount('c', { isVolatile: true });
  assert.deepEqual(readdirSync(root).sort(), ['1', '2', '3', 'a']);
});

test('a cancelled unpacking leaves nothing', async () => {
  await using bed = openBed('overlay2');
  const tar = tarArchive([{ name: 'big', type: 'file', content: Buffer.alloc(64 << 20) }]);
  const path = join(bed.folder, 'big.tar');
  writeFileSync(path, tar);
  const abort = new AbortController();
  const unpacking = bed.snapshots.unpack(
    { diffId: digestOf(tar), parents: [] },
    { path, digest: digestOf(Buffer.from('')) },
    abort.signal,
  );
  abort.abort();
  await assert.rejects(unpacking, { kind: 'cancelled' });
  assert.deepEqual(bed.snapshots.layers(), []);
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
