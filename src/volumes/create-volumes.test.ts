import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../base/logger.ts';
import { memoryRecords, type Records } from '../base/records.ts';
import { copyTree, isMountPoint } from '../linux/index.ts';
import { createVolumes } from './create-volumes.ts';
import type { VolumeRecord } from './record.ts';
import type { Volumes } from './volumes.ts';

interface Bed extends Disposable {
  readonly folder: string;
  readonly events: string[];
  readonly records: Records<VolumeRecord>;
  volumes: Volumes;
  reopen(): void;
}

function openBed(): Bed {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-volumes-'));
  const events: string[] = [];
  const records = memoryRecords<VolumeRecord>();
  const open = (): Volumes =>
    createVolumes({
      records,
      dataRoot: folder,
      events: { emit: (_type, action, id) => void events.push(`${action} ${id}`) },
      logger: silentLogger,
      copyFiles: async (source, target) => copyTree({ source, target }),
    });
  const bed: Bed = {
    folder,
    events,
    records,
    volumes: open(),
    reopen: () => {
      bed.volumes = open();
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
  return bed;
}

const NEVER = new AbortController().signal;

test('a volume is made once, listed, inspected and removed', async () => {
  using bed = openBed();
  const made = await bed.volumes.create({ name: 'data', labels: { tier: 'db' } });
  assert.equal(made.Mountpoint, join(bed.folder, 'volumes/data/_data'));
  assert.deepEqual(await bed.volumes.create({ name: 'data' }), made, 'a second create answers the first volume');
  assert.deepEqual(bed.volumes.list({ label: ['tier=db'] }), [made]);
  assert.deepEqual(bed.volumes.list({ label: ['tier=web'] }), []);
  await bed.volumes.remove('data', { force: false });
  assert.throws(() => bed.volumes.inspect('data'), { kind: 'notFound', message: 'get data: no such volume' });
  await assert.rejects(bed.volumes.remove('data', { force: false }), { kind: 'notFound' });
  await bed.volumes.remove('data', { force: true });
  assert.deepEqual(bed.events, ['create data', 'destroy data']);
});

test('names, drivers, options and filters that make no sense are refused in Docker’s words', async () => {
  using bed = openBed();
  const refused = (request: Parameters<Volumes['create']>[0], message: RegExp) =>
    assert.rejects(bed.volumes.create(request), { message });
  await refused({ name: 'a b' }, /^create a b: "a b" includes invalid characters for a local volume name, only/);
  await refused({ name: '../x' }, /includes invalid characters/);
  await refused(
    { name: 'x' },
    /^create x: volume name is too short, names should be at least two alphanumeric characters$/,
  );
  await refused(
    { name: 'xx', driver: 'nope' },
    /^create xx: error looking up volume plugin nope: plugin "nope" not found$/,
  );
  await refused({ name: 'xx', driverOpts: { foo: 'bar' } }, /^create xx: invalid option: "foo"$/);
  await refused({ name: 'xx', driverOpts: { type: 'tmpfs' } }, /^create xx: missing required option: "device"$/);
  assert.throws(() => bed.volumes.list({ foo: ['x'] }), { kind: 'invalid', message: "invalid filter 'foo'" });
  assert.deepEqual(bed.volumes.list(), []);
  assert.deepEqual(readdirSync(join(bed.folder, 'volumes')), []);
});

test('a volume in use cannot be removed, and prune takes only what is free and anonymous', async () => {
  using bed = openBed();
  const used = await bed.volumes.create({ name: '' });
  const free = await bed.volumes.create({ name: '' });
  await bed.volumes.create({ name: 'named' });
  bed.volumes.reference(used.Name, 'c1');
  await assert.rejects(bed.volumes.remove(used.Name, { force: true }), {
    kind: 'conflict',
    message: `remove ${used.Name}: volume is in use - [c1]`,
  });
  writeFileSync(join(free.Mountpoint, 'f'), '12345');
  assert.deepEqual(await bed.volumes.prune({}), { deleted: [free.Name], reclaimedBytes: 5 });
  assert.deepEqual((await bed.volumes.prune({ all: ['true'] })).deleted, ['named']);
  bed.volumes.release(used.Name, 'c1');
  await bed.volumes.remove(used.Name, { force: false });
});

test('an empty volume takes the image’s folder with owner, mode and links, beneath the root', async () => {
  using bed = openBed();
  const rootfs = join(bed.folder, 'root');
  mkdirSync(join(rootfs, 'srv/deep'), { recursive: true });
  writeFileSync(join(rootfs, 'srv/deep/f'), 'content');
  chownSync(join(rootfs, 'srv'), 5, 6);
  chmodSync(join(rootfs, 'srv'), 0o2750);
  symlinkSync('/srv', join(rootfs, 'link'));
  symlinkSync('../../../../etc', join(rootfs, 'out'));
  const one = await bed.volumes.create({ name: 'one' });
  await bed.volumes.copyUp('one', rootfs, '/link', NEVER);
  assert.equal(readFileSync(join(one.Mountpoint, 'deep/f'), 'utf8'), 'content');
  const { uid, gid, mode } = lstatSync(one.Mountpoint);
  assert.deepEqual([uid, gid, mode & 0o7777], [5, 6, 0o2750]);
  const two = await bed.volumes.create({ name: 'two' });
  await bed.volumes.copyUp('two', rootfs, '/out', NEVER);
  await bed.volumes.copyUp('two', rootfs, '/missing', NEVER);
  assert.deepEqual(readdirSync(two.Mountpoint), [], 'a link out of the root leads nowhere');
  writeFileSync(join(two.Mountpoint, 'own'), '');
  await bed.volumes.copyUp('two', rootfs, '/srv', NEVER);
  assert.deepEqual(readdirSync(two.Mountpoint), ['own'], 'a volume that holds anything is left alone');
});

test('driver options are mounted for the first container and unmounted after the last', async () => {
  using bed = openBed();
  await bed.volumes.create({ name: 'ram', driverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,nosuid' } });
  const path = await bed.volumes.mountPath('ram', 'c1');
  await bed.volumes.mountPath('ram', 'c2');
  assert.ok(isMountPoint(path));
  await bed.volumes.unmount('ram', 'c1');
  assert.ok(isMountPoint(path));
  await bed.volumes.unmount('ram', 'c2');
  await bed.volumes.unmount('ram', 'c2');
  assert.equal(isMountPoint(path), false);
});

test('a restart drops references of lost containers and folders without a record', async () => {
  using bed = openBed();
  const kept = await bed.volumes.create({ name: 'kept' });
  mkdirSync(join(bed.folder, 'volumes/half/_data'), { recursive: true });
  bed.reopen();
  bed.volumes.reference('kept', 'lost');
  await bed.volumes.restore(new Set(['other']));
  assert.deepEqual(readdirSync(join(bed.folder, 'volumes')), ['kept']);
  assert.deepEqual(bed.volumes.list(), [kept]);
  await bed.volumes.remove('kept', { force: false });
});
