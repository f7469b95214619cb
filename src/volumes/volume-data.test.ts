import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tarArchive } from '../../test/support/busybox-image.ts';
import { volumeTrees } from '../../test/support/volume-trees.ts';
import { silentLogger } from '../base/logger.ts';
import { memoryRecords, type Records } from '../base/records.ts';
import { getXattr, setXattr } from '../linux/index.ts';
import { createVolumes, type OwnedVolumes } from './create-volumes.ts';
import type { VolumeRecord } from './record.ts';

const NEVER = new AbortController().signal;
const SILENT = (): void => {};

interface Fixture extends AsyncDisposable {
  readonly folder: string;
  readonly events: string[];
  readonly records: Records<VolumeRecord>;
  readonly trees: ReturnType<typeof volumeTrees>;
  volumes: OwnedVolumes;
  reopen(): void;
  /** Makes a volume with one file. Returns the folder of its content. */
  filled(name: string, text?: string): Promise<string>;
  /** Everything below the folder of volumes but what waits for its deletion. */
  names(): readonly string[];
}

function openFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-volume-data-'));
  const events: string[] = [];
  const records = memoryRecords<VolumeRecord>();
  const trees = volumeTrees();
  const emit = (_type: string, action: string, id: string): void => void events.push(`${action} ${id}`);
  const open = (): OwnedVolumes =>
    createVolumes({ records, dataRoot: folder, events: { emit }, logger: silentLogger, trees });
  const root = join(folder, 'volumes');
  const fixture: Fixture = {
    folder,
    events,
    records,
    trees,
    volumes: open(),
    reopen: () => {
      fixture.volumes = open();
    },
    async filled(name, text = name) {
      const { Mountpoint } = await fixture.volumes.create({ name });
      writeFileSync(join(Mountpoint, 'file'), text);
      return Mountpoint;
    },
    names: () =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((name) => !/^\.trash\//.test(name))
        .sort(),
    async [Symbol.asyncDispose]() {
      await fixture.volumes.swept();
      assert.deepEqual(readdirSync(join(root, '.trash')), [], 'what was removed is deleted');
      assert.deepEqual(readdirSync(join(root, '.new')), [], 'nothing half made is left');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fixture;
}

const content = (mountpoint: string): string => readFileSync(join(mountpoint, 'file'), 'utf8');
const importing = (entries: readonly TarEntry[] | Buffer, replaces = false) => ({
  archive: Readable.from([Buffer.isBuffer(entries) ? entries : tarArchive(entries)], { objectMode: false }),
  replaces,
  onProgress: SILENT,
});

test('a clone has the files, owners, modes and labels of its source, and is a volume of its own', async () => {
  await using fixture = openFixture();
  const { Mountpoint } = await fixture.volumes.create({ name: 'data', labels: { tier: 'db' } });
  writeFileSync(join(Mountpoint, 'file'), 'one');
  chownSync(Mountpoint, 70, 71);
  chmodSync(Mountpoint, 0o2750);
  const progress: unknown[] = [];
  const told = (...numbers: unknown[]): void => void progress.push(numbers);
  const clone = await fixture.volumes.clone('data', 'copy', told, NEVER);
  assert.deepEqual([clone.Name, clone.Labels, clone.Options], ['copy', { tier: 'db' }, null]);
  assert.equal(content(clone.Mountpoint), 'one');
  const { uid, gid, mode } = lstatSync(clone.Mountpoint);
  assert.deepEqual([uid, gid, mode & 0o7777], [70, 71, 0o2750]);
  assert.deepEqual(progress.at(-1), [3, 3]);
  writeFileSync(join(Mountpoint, 'file'), 'two');
  assert.equal(content(clone.Mountpoint), 'one');
  assert.deepEqual(fixture.events, ['create data', 'create copy']);

  const anonymous = await fixture.volumes.create({ name: '' });
  const named = await fixture.volumes.clone(anonymous.Name, 'kept', SILENT, NEVER);
  assert.equal(named.Labels, null, 'prune would take an anonymous one');
});

test('names that are taken, missing or illegal are refused, and leave nothing', async () => {
  await using fixture = openFixture();
  const { volumes } = fixture;
  await fixture.filled('data');
  await fixture.filled('taken');
  const before = fixture.names();
  const taken = /: a volume named taken already exists\. Choose a different volume name$/;
  await assert.rejects(volumes.clone('data', 'taken', SILENT, NEVER), { kind: 'conflict', message: taken });
  await assert.rejects(volumes.rename('data', 'taken'), { kind: 'conflict', message: taken });
  await assert.rejects(volumes.rename('data', 'data'), { kind: 'conflict' });
  for (const name of ['', '../x', 'x', 'a'.repeat(300)]) {
    await assert.rejects(volumes.clone('data', name, SILENT, NEVER), { kind: 'invalid' }, name);
    await assert.rejects(volumes.rename('data', name), { kind: 'invalid' }, name);
    await assert.rejects(volumes.import(name, importing([]), NEVER), { kind: 'invalid' }, name);
  }
  const unknown = { kind: 'notFound', message: 'get nope: no such volume' };
  await assert.rejects(volumes.clone('nope', 'new', SILENT, NEVER), unknown);
  await assert.rejects(volumes.rename('nope', 'new'), unknown);
  await assert.rejects(volumes.export('nope', NEVER), unknown);
  assert.deepEqual(fixture.names(), before);
});

test('a rename keeps content, labels, time and snapshots; a container that refers to the volume refuses it', async () => {
  await using fixture = openFixture();
  const { volumes } = fixture;
  const made = await volumes.create({ name: 'data', labels: { tier: 'db' } });
  writeFileSync(join(made.Mountpoint, 'file'), 'one');
  await volumes.createSnapshot('data', 'before', SILENT, NEVER);
  volumes.reference('data', 'c1');
  const used = { kind: 'conflict', message: 'rename data: volume is in use - [c1]' };
  await assert.rejects(volumes.rename('data', 'archive'), used);
  volumes.release('data', 'c1');
  const renamed = await volumes.rename('data', 'archive');
  assert.deepEqual(renamed, { ...made, Name: 'archive', Mountpoint: join(fixture.folder, 'volumes/archive/_data') });
  assert.equal(content(renamed.Mountpoint), 'one');
  assert.deepEqual(
    volumes.snapshots('archive').map(({ Name }) => Name),
    ['before'],
  );
  assert.deepEqual(
    (await volumes.list()).map(({ Name }) => Name),
    ['archive'],
  );
  mkdirSync(join(fixture.folder, 'volumes/strange/something'), { recursive: true });
  await assert.rejects(volumes.rename('archive', 'strange'), {
    kind: 'conflict',
    message: /something else is in the place/,
  });
  assert.equal(content(volumes.inspect('archive').Mountpoint), 'one');
});

test('an export and its import keep owners, modes, links, attributes and holes, the volume’s own too', async () => {
  await using fixture = openFixture();
  const { Mountpoint } = await fixture.volumes.create({ name: 'data' });
  writeFileSync(join(Mountpoint, 'file'), 'one');
  chownSync(join(Mountpoint, 'file'), 5, 6);
  chmodSync(join(Mountpoint, 'file'), 0o4750);
  symlinkSync('/etc/passwd', join(Mountpoint, 'link'));
  setXattr(join(Mountpoint, 'file'), 'user.note', Buffer.from('kept'));
  const sparse = openSync(join(Mountpoint, 'sparse'), 'w');
  truncateSync(join(Mountpoint, 'sparse'), 5_000_000_000);
  writeSync(sparse, 'end', 4_999_999_997);
  closeSync(sparse);
  chownSync(Mountpoint, 999, 998);
  chmodSync(Mountpoint, 0o700);
  const chunks: Uint8Array[] = [];
  for await (const chunk of await fixture.volumes.export('data', NEVER)) chunks.push(chunk);
  const archive = Buffer.concat(chunks);
  assert.ok(archive.length < 1_000_000, 'holes take no space in the archive');
  for (const [name, bytes] of [
    ['plain', archive],
    ['zipped', gzipSync(archive)],
  ] as const) {
    const restored = (await fixture.volumes.import(name, importing(bytes), NEVER)).Mountpoint;
    const { uid, gid, mode } = lstatSync(restored);
    assert.deepEqual([uid, gid, mode & 0o7777], [999, 998, 0o700]);
    const file = lstatSync(join(restored, 'file'));
    assert.deepEqual([file.uid, file.gid, file.mode & 0o7777], [5, 6, 0o4750]);
    assert.equal(getXattr(join(restored, 'file'), 'user.note')?.toString(), 'kept');
    assert.ok(lstatSync(join(restored, 'link')).isSymbolicLink());
    const { size, blocks } = lstatSync(join(restored, 'sparse'));
    assert.equal(size, 5_000_000_000);
    assert.ok(blocks < 1000);
  }
  await fixture.volumes.remove('data', { force: false });
});

test('a volume that is exported is not removed until the stream has ended', async () => {
  await using fixture = openFixture();
  await fixture.filled('data', 'x'.repeat(5_000_000));
  const bytes = await fixture.volumes.export('data', NEVER);
  await assert.rejects(fixture.volumes.remove('data', { force: true }), {
    kind: 'conflict',
    message: /^remove data: volume is in use - \[export-\d+\]$/,
  });
  bytes.destroy();
  while (true) {
    try {
      await fixture.volumes.remove('data', { force: false });
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});

test('an import makes a volume, fills an empty one, and replaces a full one only when asked', async () => {
  await using fixture = openFixture();
  const { volumes } = fixture;
  const file = (text: string): TarEntry[] => [{ name: 'file', type: 'file', content: text }];
  const made = await volumes.import('data', importing(file('one')), NEVER);
  assert.equal(content(made.Mountpoint), 'one');
  await assert.rejects(volumes.import('data', importing(file('two')), NEVER), {
    kind: 'conflict',
    message: /is not empty/,
  });
  assert.equal(content(made.Mountpoint), 'one');
  await volumes.import('data', importing(file('two'), true), NEVER);
  assert.equal(content(made.Mountpoint), 'two');
  const empty = await volumes.create({ name: 'empty', labels: { keep: 'me' } });
  volumes.reference('empty', 'stopped');
  assert.deepEqual(await volumes.import('empty', importing(file('three')), NEVER), empty);
  assert.equal(content(empty.Mountpoint), 'three');
  volumes.reference('data', 'runs');
  await volumes.mountPath('data', 'runs');
  await assert.rejects(volumes.import('data', importing(file('four'), true), NEVER), {
    kind: 'conflict',
    message: 'import data: volume is in use - [runs]',
  });
  await volumes.create({ name: 'ram', driverOpts: { type: 'tmpfs', device: 'tmpfs' } });
  await assert.rejects(volumes.import('ram', importing(file('five')), NEVER), {
    kind: 'failed',
    message: /is elsewhere/,
  });
  assert.equal(content(made.Mountpoint), 'two');
});

test('a hostile or broken archive writes nowhere else, and leaves nothing', async () => {
  await using fixture = openFixture();
  const victim = join(fixture.folder, 'victim');
  mkdirSync(victim);
  writeFileSync(join(victim, 'keep'), 'mine');
  await fixture.filled('full', 'kept');
  const before = fixture.names();
  const whole = tarArchive([{ name: 'big', type: 'file', content: 'x'.repeat(100_000) }]);
  const hostile: Readonly<Record<string, readonly TarEntry[] | Buffer>> = {
    climbs: [{ name: '../victim/keep', type: 'file', content: 'evil' }],
    linked: [{ name: 'h', type: 'link', target: '../victim/keep' }],
    'through-a-link': [
      { name: 'l', type: 'symlink', target: victim },
      { name: 'l/new', type: 'file', content: 'evil' },
    ],
    short: whole.subarray(0, 50_000),
    'short-gzip': gzipSync(whole).subarray(0, 60),
    garbage: Buffer.alloc(2000, 'garbage'),
    empty: Buffer.alloc(0),
    'empty-gzip': gzipSync(Buffer.alloc(0)),
  };
  for (const [what, archive] of Object.entries(hostile)) {
    await assert.rejects(fixture.volumes.import('new', importing(archive), NEVER), { kind: 'invalid' }, what);
    await assert.rejects(fixture.volumes.import('full', importing(archive, true), NEVER), { kind: 'invalid' }, what);
  }
  assert.deepEqual(readdirSync(victim), ['keep']);
  assert.equal(readFileSync(join(victim, 'keep'), 'utf8'), 'mine');
  assert.deepEqual(fixture.names(), before);
  assert.equal(content(fixture.volumes.inspect('full').Mountpoint), 'kept');
});

test('a client that leaves undoes an import, and frees the volume', async () => {
  await using fixture = openFixture();
  await fixture.filled('data', 'kept');
  const before = fixture.names();
  for (const name of ['data', 'new']) {
    const leaving = new AbortController();
    const archive = new PassThrough();
    archive.write(tarArchive([{ name: 'file', type: 'file', content: 'x' }]).subarray(0, 1000));
    const request = { archive, replaces: true, onProgress: SILENT };
    const running = fixture.volumes.import(name, request, leaving.signal);
    setTimeout(() => {
      leaving.abort();
      archive.destroy(new Error('gone'));
    }, 100);
    await assert.rejects(running);
  }
  assert.deepEqual(fixture.names(), before);
  await fixture.volumes.remove('data', { force: false });
});

test('snapshots are kept, listed, restored and removed', async () => {
  await using fixture = openFixture();
  const { volumes } = fixture;
  const data = await fixture.filled('data', 'one');
  chownSync(data, 70, 71);
  const first = await volumes.createSnapshot('data', 'first', SILENT, NEVER);
  assert.deepEqual([first.Name, first.Size], ['first', 3]);
  writeFileSync(join(data, 'file'), 'longer');
  const unnamed = await volumes.createSnapshot('data', '', SILENT, NEVER);
  assert.match(unnamed.Name, /^\d{4}-\d\d-\d\dT[\d-]+Z$/);
  assert.deepEqual(volumes.snapshots('data'), [first, unnamed]);
  assert.deepEqual(readdirSync(data), ['file'], 'containers see no snapshot');

  const progress: unknown[] = [];
  await volumes.restoreSnapshot('data', 'first', (...told) => void progress.push(told), NEVER);
  assert.deepEqual(progress.at(-1), [3, 3]);
  assert.equal(content(data), 'one');
  assert.equal(lstatSync(data).uid, 70);
  await volumes.restoreSnapshot('data', unnamed.Name, SILENT, NEVER);
  assert.equal(content(data), 'longer', 'a snapshot may be restored again');
  fixture.reopen();
  assert.deepEqual(fixture.volumes.snapshots('data'), [first, unnamed]);
  await fixture.volumes.removeSnapshot('data', 'first');
  assert.deepEqual(fixture.volumes.snapshots('data'), [unnamed]);
  await fixture.volumes.remove('data', { force: false });
  assert.throws(() => fixture.volumes.snapshots('data'), { kind: 'notFound' });
});

test('snapshots refuse what makes no sense', async () => {
  await using fixture = openFixture();
  const { volumes } = fixture;
  const data = await fixture.filled('data', 'one');
  await volumes.createSnapshot('data', 'first', SILENT, NEVER);
  await assert.rejects(volumes.createSnapshot('data', 'first', SILENT, NEVER), {
    kind: 'conflict',
    message: /already exists/,
  });
  for (const name of ['../x', 'x', '.hidden']) {
    await assert.rejects(volumes.createSnapshot('data', name, SILENT, NEVER), { kind: 'invalid' });
    await assert.rejects(volumes.restoreSnapshot('data', name, SILENT, NEVER), { kind: 'notFound' });
    await assert.rejects(volumes.removeSnapshot('data', name), { kind: 'notFound' });
  }
  await assert.rejects(volumes.createSnapshot('nope', 'first', SILENT, NEVER), { kind: 'notFound' });
  volumes.reference('data', 'runs');
  await volumes.mountPath('data', 'runs');
  const used = { kind: 'conflict', message: 'restore data: volume is in use - [runs]' };
  await assert.rejects(volumes.restoreSnapshot('data', 'first', SILENT, NEVER), used);
  await volumes.createSnapshot('data', 'of-a-running-one', SILENT, NEVER);
  await volumes.unmount('data', 'runs');
  await volumes.restoreSnapshot('data', 'first', SILENT, NEVER);
  await volumes.create({ name: 'ram', driverOpts: { type: 'tmpfs', device: 'tmpfs' } });
  await assert.rejects(volumes.createSnapshot('ram', 'first', SILENT, NEVER), {
    kind: 'failed',
    message: /is elsewhere/,
  });
  assert.equal(content(data), 'one');
});

test('a snapshot that is being restored is not removed, and a start meanwhile keeps the old content', async () => {
  await using fixture = openFixture();
  const data = await fixture.filled('data', 'one');
  await fixture.volumes.createSnapshot('data', 'first', SILENT, NEVER);
  writeFileSync(join(data, 'file'), 'two');
  const { copy } = fixture.trees;
  fixture.trees.copy = async (request, signal) => {
    await assert.rejects(fixture.volumes.removeSnapshot('data', 'first'), {
      kind: 'conflict',
      message: /is being restored/,
    });
    await assert.rejects(fixture.volumes.remove('data', { force: true }), { kind: 'conflict' });
    fixture.volumes.reference('data', 'started');
    await fixture.volumes.mountPath('data', 'started');
    await copy(request, signal);
  };
  const used = { kind: 'conflict', message: 'restore data: volume is in use - [started]' };
  await assert.rejects(fixture.volumes.restoreSnapshot('data', 'first', SILENT, NEVER), used);
  assert.equal(content(data), 'two');
  await fixture.volumes.unmount('data', 'started');
  fixture.volumes.release('data', 'started');
  await fixture.volumes.remove('data', { force: false });
});

test('a copy that fails leaves nothing of a clone, a snapshot or a restore', async () => {
  await using fixture = openFixture();
  const data = await fixture.filled('data', 'one');
  await fixture.volumes.createSnapshot('data', 'first', SILENT, NEVER);
  const before = fixture.names();
  const { copy } = fixture.trees;
  fixture.trees.copy = async (request, signal) => {
    await copy(request, signal);
    throw new Error('no space left on device');
  };
  await assert.rejects(fixture.volumes.clone('data', 'new', SILENT, NEVER), /no space/);
  await assert.rejects(fixture.volumes.createSnapshot('data', 'second', SILENT, NEVER), /no space/);
  await assert.rejects(fixture.volumes.restoreSnapshot('data', 'first', SILENT, NEVER), /no space/);
  assert.deepEqual(fixture.names(), before);
  assert.equal(content(data), 'one');
});

test('a daemon that dies between any two steps of a rename has renamed the volume or not', async () => {
  for (const steps of [1, 2]) {
    await using fixture = openFixture();
    await fixture.filled('data', 'one');
    const record = fixture.records.get('data');
    assert.ok(record !== undefined);
    fixture.records.put('new', { ...record, name: 'new' });
    if (steps === 2) renameSync(join(fixture.folder, 'volumes/data'), join(fixture.folder, 'volumes/new'));
    fixture.reopen();
    const [volume, ...others] = await fixture.volumes.list();
    assert.deepEqual([volume?.Name, others], [steps === 1 ? 'data' : 'new', []]);
    assert.equal(content(volume?.Mountpoint ?? ''), 'one');
    assert.deepEqual(fixture.names(), [
      '.new',
      '.trash',
      volume?.Name,
      `${volume?.Name}/_data`,
      `${volume?.Name}/_data/file`,
    ]);
  }
});

test('a daemon that dies between any two steps of a clone, an import or a restore leaves the old or the new content', async () => {
  const states: Readonly<Record<string, (root: string) => void>> = {
    'a copy under way': (root) => {
      mkdirSync(join(root, '.new/7-1'), { recursive: true });
      writeFileSync(join(root, '.new/7-1/half'), '');
      mkdirSync(join(root, 'data/_new-7-2'));
      writeFileSync(join(root, 'data/_new-7-2/half'), '');
    },
    'the old content moved aside': (root) => {
      mkdirSync(join(root, 'data/_new-7-2'));
      renameSync(join(root, 'data/_data'), join(root, 'data/_old'));
    },
    'the new content in place': (root) => {
      mkdirSync(join(root, 'data/_old'));
      writeFileSync(join(root, 'data/_old/file'), 'old');
    },
    'a folder for a new volume': (root) => mkdirSync(join(root, 'clone')),
  };
  for (const [state, make] of Object.entries(states)) {
    await using fixture = openFixture();
    await fixture.filled('data', 'whole');
    // The record of a new volume comes before its folder.
    fixture.records.put('clone', { name: 'clone', createdAt: '', labels: null, options: null });
    make(join(fixture.folder, 'volumes'));
    fixture.reopen();
    assert.deepEqual(
      (await fixture.volumes.list()).map(({ Name }) => Name),
      ['data'],
      state,
    );
    assert.deepEqual(fixture.names(), ['.new', '.trash', 'data', 'data/_data', 'data/_data/file'], state);
    assert.equal(content(fixture.volumes.inspect('data').Mountpoint), 'whole', state);
  }
});

test('a volume without a record that has snapshots is kept, even when it is empty', async () => {
  await using fixture = openFixture();
  const data = await fixture.filled('data', 'one');
  await fixture.volumes.createSnapshot('data', 'first', SILENT, NEVER);
  rmSync(join(data, 'file'));
  fixture.records.delete('data');
  fixture.reopen();
  assert.deepEqual(
    fixture.volumes.snapshots('data').map(({ Name }) => Name),
    ['first'],
  );
  assert.ok(existsSync(data));
});
