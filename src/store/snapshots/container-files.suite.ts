import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { tarArchive } from '../../../test/support/busybox-image.ts';
import { getXattr, makeNode, readMountInfo, S_IF, setXattr } from '../../linux/index.ts';
import type { FileLocation } from './container-files.ts';
import { digestOf, dir, type Fixture, file, NEVER, openFixture } from './snapshots.fixture.ts';

const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');

async function bytesOf(stream: Readable): Promise<Buffer> {
  return Buffer.concat(await stream.toArray());
}

/** Makes a container on a layer of its own with a/one, a/two, b/old, gone, empty/, kind. */
async function container(
  fixture: Fixture,
): Promise<{ readonly root: string; readonly base: Awaited<ReturnType<Fixture['layer']>> }> {
  const base = await fixture.layer([
    ...[dir('a/'), file('a/one'), file('a/two'), dir('b/'), file('b/old'), dir('b/deep/'), file('b/deep/x')],
    ...[file('gone'), dir('empty/'), file('kind'), dir('etc/'), file('etc/passwd', 'root:x:0:0::/:/bin/sh\n')],
  ]);
  await fixture.snapshots.createWritable('c', [base]);
  return { root: await fixture.snapshots.mount('c'), base };
}

const place = (path: string, more: Partial<FileLocation> = {}): FileLocation => ({
  id: 'c',
  path,
  mounts: [],
  readOnlyRoot: false,
  ...more,
});

/** Registers the tests that both drivers pass. */
export function containerFilesSuite(driver: 'overlay2' | 'vfs'): void {
  test(`${driver}: changes are told by name, a folder for what it holds, placeholders of mounts not at all`, async () => {
    await using fixture = openFixture(driver);
    const { root } = await container(fixture);
    assert.deepEqual(await fixture.snapshots.files.changes('c', NEVER), []);
    const at = (name: string): string => join(root, name);
    writeFileSync(at('a/one'), 'other');
    mkdirSync(at('new/sub'), { recursive: true });
    unlinkSync(at('gone'));
    rmSync(at('b'), { recursive: true });
    mkdirSync(at('b'));
    writeFileSync(at('b/fresh'), '');
    unlinkSync(at('kind'));
    mkdirSync(at('kind'));
    chmodSync(at('empty'), 0o700);
    for (const name of ['dev', 'proc', 'sys']) mkdirSync(at(name));
    writeFileSync(at('etc/hosts'), '');
    const changes = await fixture.snapshots.files.changes('c', NEVER);
    assert.deepEqual(
      changes.map(({ Path, Kind }) => `${'CAD'[Kind]} ${Path}`),
      [
        'C /a',
        'C /a/one',
        'C /b',
        'D /b/deep',
        'A /b/fresh',
        'D /b/old',
        'C /empty',
        'D /gone',
        'C /kind',
        'A /new',
        'A /new/sub',
      ],
    );
    await assert.rejects(fixture.snapshots.files.changes('nope', NEVER), { kind: 'notFound' });
  });

  test(`${driver}: what was written is a layer that makes the same of the image`, async () => {
    await using fixture = openFixture(driver);
    const { root, base } = await container(fixture);
    const at = (name: string): string => join(root, name);
    writeFileSync(at('a/one'), 'other', { mode: 0o4751 });
    chmodSync(at('a/one'), 0o4751);
    setXattr(at('a/one'), 'security.capability', CAPABILITY);
    setXattr(at('a/two'), 'user.colour', Buffer.from('blue'));
    utimesSync(at('a/two'), 1_000_000_000, 1_000_000_000);
    linkSync(at('a/one'), at('hard'));
    symlinkSync('../nowhere', at('soft'));
    makeNode(at('pipe'), S_IF.IFO | 0o600, 0);
    rmSync(at('b'), { recursive: true });
    mkdirSync(at('b'), { mode: 0o750 });
    writeFileSync(at('b/deep'), 'now a file');
    unlinkSync(at('gone'));
    rmSync(at('empty'), { recursive: true });
    unlinkSync(at('kind'));
    mkdirSync(at('kind'));
    chmodSync(root, 0o711);
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const holes = openSync(at('holes'), 'w');
    ftruncateSync(holes, 64 << 20);
    writeSync(holes, 'end', (64 << 20) - 3);
    closeSync(holes);
    writeFileSync(Buffer.from(`${root}/\xff\xfe`, 'latin1'), 'bytes');
    const layer = await bytesOf(await fixture.snapshots.files.layer('c', NEVER));
    server.close();
    assert.ok(layer.length < 1 << 20, 'holes are not written out');
    const path = join(fixture.folder, 'made.tar');
    writeFileSync(path, layer);
    const diffId = digestOf(layer);
    await fixture.snapshots.unpack({ diffId, parents: [base] }, { path, digest: diffId }, NEVER);
    await fixture.snapshots.createWritable('d', [base, diffId]);
    const made = await fixture.snapshots.mount('d');
    const again = (name: string): string => join(made, name);
    const names = (folder: string): string[] => readdirSync(folder, 'latin1').sort();
    assert.deepEqual(
      names(made),
      names(root).filter((name) => name !== 'socket'),
    );
    assert.deepEqual(names(again('b')), ['deep']);
    const stat = lstatSync(again('a/one'));
    assert.deepEqual([stat.mode & 0o7777, stat.nlink, stat.ino === lstatSync(again('hard')).ino], [0o4751, 2, true]);
    assert.deepEqual(getXattr(again('a/one'), 'security.capability'), CAPABILITY);
    assert.deepEqual(getXattr(again('a/two'), 'user.colour'), Buffer.from('blue'));
    assert.equal(lstatSync(again('a/two')).mtimeMs, 1_000_000_000_000);
    assert.equal(statSync(again('holes')).size, 64 << 20);
    assert.ok(statSync(again('holes')).blocks < 100);
    assert.equal(statSync(made).mode & 0o777, 0o711);
    assert.equal(statSync(again('b')).mode & 0o777, 0o750);
    await fixture.snapshots.createWritable('e', [base, diffId]);
    const nothing = await bytesOf(await fixture.snapshots.files.layer('e', NEVER));
    assert.deepEqual(nothing, Buffer.alloc(1024), 'nothing changed: an archive of nothing');
  });

  test(`${driver}: a root is read whether it is mounted or not, and stays as it was`, async () => {
    await using fixture = openFixture(driver);
    const { root } = await container(fixture);
    writeFileSync(join(root, 'written'), 'x');
    const running = await bytesOf(await fixture.snapshots.files.export('c', NEVER));
    await fixture.snapshots.unmount('c');
    const mounts = (): number =>
      readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(fixture.folder)).length;
    const before = mounts();
    const stopped = await fixture.snapshots.files.export('c', NEVER);
    const mounted = await fixture.snapshots.mount('c'); // The container starts meanwhile.
    assert.deepEqual(await bytesOf(stopped), running);
    assert.equal(readFileSync(join(mounted, 'written'), 'utf8'), 'x', 'the reader takes nothing away');
    await fixture.snapshots.unmount('c');
    const left = await fixture.snapshots.files.export('c', NEVER);
    await fixture.snapshots.mount('c');
    await fixture.snapshots.unmount('c'); // The container ends meanwhile: the reader keeps the mount.
    assert.deepEqual(await bytesOf(left), running);
    const cut = await fixture.snapshots.files.export('c', NEVER);
    cut.destroy();
    await new Promise((resolve) => cut.once('close', resolve));
    for (let tries = 0; mounts() > before && tries < 100; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(mounts(), before);
  });

  test(`${driver}: files go in and out beneath the root and its mounts alone`, async () => {
    await using fixture = openFixture(driver);
    const { root } = await container(fixture);
    const { files } = fixture.snapshots;
    const host = join(fixture.folder, 'host');
    mkdirSync(host);
    writeFileSync(join(host, 'secret'), 'of the host');
    symlinkSync(host, join(root, 'out'));
    symlinkSync('/a', join(root, 'inside'));
    await assert.rejects(files.stat(place('/out/secret'), NEVER), { kind: 'notFound' });
    await assert.rejects(files.read(place('/out/secret'), NEVER), { kind: 'notFound' });
    const write = (path: string, entries: Parameters<typeof tarArchive>[0], more: Partial<FileLocation> = {}) =>
      files.write(
        place(path, more),
        [tarArchive(entries)] as unknown as AsyncIterable<Buffer>,
        { keepDirectories: true },
        NEVER,
      );
    await assert.rejects(write('/out', [file('evil')]), { kind: 'notFound' });
    await write('/inside', [file('three', 'put')]);
    assert.equal(readFileSync(join(root, 'a/three'), 'utf8'), 'put');
    await assert.rejects(write('/', [{ name: 'a', type: 'file', content: '' }]), {
      message: /cannot overwrite directory/,
    });
    await assert.rejects(write('/', [dir('gone/')]), { message: /cannot overwrite non-directory/ });
    await assert.rejects(write('/gone', []), { message: 'extraction point is not a directory' });
    const mounts = [{ source: host, destination: '/mnt/data', readOnly: false, recursive: true }];
    await write('/mnt/data', [file('through')], { mounts, readOnlyRoot: true });
    assert.equal(readFileSync(join(host, 'through'), 'utf8'), 'through');
    assert.deepEqual(readdirSync(join(root, 'mnt/data')), [], 'mounted for the copy alone');
    await assert.rejects(write('/a', [file('x')], { mounts, readOnlyRoot: true }), { kind: 'forbidden' });
    const readOnly = mounts.map((mount) => ({ ...mount, readOnly: true }));
    await assert.rejects(write('/mnt/data', [file('x')], { mounts: readOnly }), { kind: 'forbidden' });
    symlinkSync('/mnt/data', join(root, 'a/to-mount'));
    await assert.rejects(write('/a', [file('to-mount/x')], { mounts: readOnly }), /EROFS|read-only/);
    const { stat, bytes } = await files.read(place('/mnt/data/secret', { mounts }), NEVER);
    assert.equal(stat.size, 11);
    assert.match((await bytesOf(bytes)).toString('latin1'), /of the host/, "what is mounted is the container's");
    assert.equal(existsSync(join(host, 'evil')), false);
  });

  test(`${driver}: readers who do not read and writers who do not write hold up nobody, and memory`, async () => {
    await using fixture = openFixture(driver);
    const { root } = await container(fixture);
    const { files } = fixture.snapshots;
    const big = openSync(join(root, 'big'), 'w');
    ftruncateSync(big, 128 << 20);
    closeSync(big);
    const stall = () => Promise.all(Array.from({ length: 8 }, () => files.read(place('/big'), NEVER)));
    for (const { bytes } of await stall()) bytes.destroy(); // The threads load their code, which is no part of the measure.
    const before = process.memoryUsage().rss;
    const stalled = await stall();
    const stop = new AbortController();
    const silent = (async function* () {
      yield Buffer.alloc(1);
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    })();
    const writing = files.write(place('/a'), silent, { keepDirectories: false }, stop.signal);
    writing.catch(() => {}); // A failure below must not be hidden by this one.
    assert.equal((await files.stat(place('/gone'), NEVER)).name, 'gone', 'others go on');
    assert.ok(
      process.memoryUsage().rss - before < 100 << 20,
      'eight threads with a few chunks each, and one more thread',
    );
    for (const { bytes } of stalled) bytes.destroy();
    stop.abort();
    await assert.rejects(writing, { kind: 'cancelled' });
    let length = 0;
    const whole = await files.read(place('/big'), NEVER);
    for await (const chunk of whole.bytes as AsyncIterable<Buffer>) length += chunk.length;
    assert.equal(length, (128 << 20) + 512 + 1024);
  });
}
