import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { busyboxArchive, imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import { TEST_LIMITS, testRegistries } from '../../test/support/registries.ts';
import { notFound } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import { openSnapshots, openStores, type Stores } from '../store/index.ts';
import { createImages, type Images } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to mount and to unpack';
const signal = new AbortController().signal;

interface Engine extends AsyncDisposable {
  readonly stores: Stores;
  readonly images: Images;
  load(archive: Buffer): Promise<void>;
  /** Unpacked layers, blobs and unfinished work on disk. */
  leftovers(): Promise<string[]>;
}

async function engineAt(root: string): Promise<Engine> {
  const dataRoot = join(root, 'data');
  const mountRoot = join(root, 'mounts');
  mkdirSync(mountRoot, { recursive: true });
  const stores = await openStores({
    dataRoot,
    logger: silentLogger,
    openSnapshots: () => openSnapshots({ dataRoot, mountRoot, driver: 'auto', logger: silentLogger }),
  });
  const registries = testRegistries();
  const images = createImages({
    ...stores,
    users: { usersOf: () => [] },
    containers: { hold: (ref) => Promise.reject(notFound('container', ref)) },
    events: { emit() {} },
    logger: silentLogger,
    registries,
    proxyOf: () => undefined,
    limits: TEST_LIMITS,
  });
  return {
    stores,
    images,
    load: (archive) =>
      images.load(Readable.from([archive], { objectMode: false }), { quiet: true, platforms: [] }, () => {}, signal),
    async leftovers() {
      await stores.idle();
      const folders = ['content/blobs/sha256', 'content/ingest', 'content/trash', 'snapshots/new', 'snapshots/trash'];
      const files = folders.flatMap((folder) =>
        existsSync(join(dataRoot, folder)) ? readdirSync(join(dataRoot, folder)) : [],
      );
      return [...files, ...stores.snapshots.layers().map(({ key }) => key)];
    },
    [Symbol.asyncDispose]: () => stores.close(),
  };
}

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'gantry-load-'));
  t.after(() => {
    // With a mount of a failed test, this would delete through the mount.
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(root));
    rmSync(root, { recursive: true, force: true });
  });
  return root;
}

test('busybox is loaded, mounted as a root file system, and gone without a trace', { skip }, async (t) => {
  await using engine = await engineAt(folder(t));
  const top = tarArchive([
    { name: 'etc/motd', content: 'hello' },
    { name: 'etc/.wh.nsswitch.conf', content: '' },
  ]);
  await engine.load(busyboxArchive({ tags: ['busybox:latest'], layers: [top] }));
  const { snapshots, images } = engine.stores;
  const { config } = images.resolve('busybox');
  await snapshots.createWritable('box', config.rootfs.diff_ids);
  const root = await snapshots.mount('box');
  try {
    assert.equal(readFileSync(join(root, 'etc/motd'), 'utf8'), 'hello');
    assert.equal(existsSync(join(root, 'etc/nsswitch.conf')), false);
    assert.equal(lstatSync(join(root, 'tmp')).mode & 0o7777, 0o1777);
    assert.equal(
      execFileSync('chroot', [root, '/bin/sh', '-c', 'echo hi from $(id -un)'], { encoding: 'utf8' }),
      'hi from root\n',
    );
  } finally {
    await snapshots.removeWritable('box');
  }
  await engine.images.remove('busybox', { force: false, noPrune: false }, signal);
  assert.deepEqual(await engine.leftovers(), []);
});

test('a hostile layer between good ones is refused, and all of them are gone', { skip }, async (t) => {
  await using engine = await engineAt(folder(t));
  const good = ['a', 'b', 'c'].map((name) => tarArchive([{ name, content: name.repeat(100_000) }]));
  const hostile = tarArchive([{ name: '../../../../tmp/gantry-escaped', content: 'x' }]);
  const archive = imageArchive({ tags: ['t/bad:1'], layers: [...good, hostile], config: {} });
  await assert.rejects(engine.load(archive), { kind: 'invalid', message: /^layer 3 \([0-9a-f]{12}\): / });
  assert.deepEqual(await engine.leftovers(), []);
  assert.equal(existsSync('/tmp/gantry-escaped'), false);
  const broken = imageArchive({ tags: ['t/bad:1'], layers: [good[0]!, Buffer.alloc(5000, 'no tar')], config: {} });
  await assert.rejects(engine.load(broken), { kind: 'invalid', message: /^layer 1 / });
  assert.deepEqual(await engine.leftovers(), []);
});

test('a disk that fills up while layers unpack is a clear error, and the same load works with space', {
  skip,
}, async (t) => {
  const root = folder(t);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', root]);
  try {
    await using engine = await engineAt(root);
    // Fits as a blob beside the ballast, but not unpacked as well.
    const large = imageArchive({
      tags: ['t/large:1'],
      layers: [tarArchive([{ name: 'f', content: Buffer.alloc(20 << 20, 'x') }])],
      config: {},
    });
    await assert.rejects(engine.load(large), { kind: 'noSpace', message: 'no space left on device' });
    assert.deepEqual(await engine.leftovers(), []);
    execFileSync('mount', ['-o', 'remount,size=80m', root]);
    await engine.load(large);
    assert.equal(engine.stores.images.list().length, 1);
  } finally {
    execFileSync('umount', ['--lazy', root]);
  }
});
