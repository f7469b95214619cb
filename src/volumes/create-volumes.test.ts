import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { volumeTrees } from '../../test/support/volume-trees.ts';
import { silentLogger } from '../base/logger.ts';
import { memoryRecords, type Records } from '../base/records.ts';
import { isMountPoint, readMountInfo } from '../linux/index.ts';
import { createVolumes, type OwnedVolumes } from './create-volumes.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeTrees } from './trees.ts';
import type { Volumes } from './volumes.ts';

interface Fixture extends AsyncDisposable {
  readonly folder: string;
  readonly events: string[];
  readonly records: Records<VolumeRecord>;
  readonly trees: { -readonly [K in keyof VolumeTrees]: VolumeTrees[K] };
  volumes: OwnedVolumes;
  reopen(): void;
}

function openFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-volumes-'));
  const events: string[] = [];
  const records = memoryRecords<VolumeRecord>();
  const trees = volumeTrees();
  const open = (): OwnedVolumes =>
    createVolumes({
      records,
      dataRoot: folder,
      events: { emit: (_type, action, id) => void events.push(`${action} ${id}`) },
      logger: silentLogger,
      trees,
    });
  const fixture: Fixture = {
    folder,
    events,
    records,
    trees,
    volumes: open(),
    reopen: () => {
      fixture.volumes = open();
    },
    async [Symbol.asyncDispose]() {
      await fixture.volumes.swept();
      assert.deepEqual(readdirSync(join(folder, 'volumes/.trash')), [], 'what was removed is deleted');
      const left = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(folder));
      assert.deepEqual(left, [], 'no mount is left');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fixture;
}

const NEVER = new AbortController().signal;

test('a volume is made once, listed, inspected and removed', async () => {
  await using fixture = openFixture();
  const made = await fixture.volumes.create({ name: 'data', labels: { tier: 'db' } });
  assert.equal(made.Mountpoint, join(fixture.folder, 'volumes/data/_data'));
  assert.deepEqual(await fixture.volumes.create({ name: 'data' }), made, 'a second create returns the first volume');
  assert.deepEqual(await fixture.volumes.list({ label: ['tier=db'] }), [made]);
  assert.deepEqual(await fixture.volumes.list({ label: ['tier=web'] }), []);
  await fixture.volumes.remove('data', { force: false });
  assert.throws(() => fixture.volumes.inspect('data'), { kind: 'notFound', message: 'get data: no such volume' });
  await assert.rejects(fixture.volumes.remove('data', { force: false }), { kind: 'notFound' });
  await fixture.volumes.remove('data', { force: true });
  assert.deepEqual(fixture.events, ['create data', 'destroy data']);
});

test('names, options and filters that make no sense are refused in Docker’s words', async () => {
  await using fixture = openFixture();
  const refused = (request: Parameters<Volumes['create']>[0], message: RegExp) =>
    assert.rejects(fixture.volumes.create(request), { message });
  await refused({ name: 'a b' }, /^create a b: "a b" includes invalid characters for a local volume name, only/);
  await refused({ name: '../x' }, /includes invalid characters/);
  await refused(
    { name: 'x' },
    /^create x: volume name is too short, names should be at least two alphanumeric characters$/,
  );
  await refused({ name: 'xx', driverOpts: { foo: 'bar' } }, /^create xx: invalid option: "foo"$/);
  await refused({ name: 'xx', driverOpts: { type: 'tmpfs' } }, /^create xx: missing required option: "device"$/);
  await assert.rejects(fixture.volumes.list({ foo: ['x'] }), { kind: 'invalid', message: "invalid filter 'foo'" });
  assert.deepEqual(await fixture.volumes.list(), []);
  assert.deepEqual(readdirSync(join(fixture.folder, 'volumes')).sort(), ['.new', '.trash']);
});

test('a volume in use cannot be removed, and prune takes only what is free and anonymous', async () => {
  await using fixture = openFixture();
  const used = await fixture.volumes.create({ name: '' });
  const free = await fixture.volumes.create({ name: '' });
  await fixture.volumes.create({ name: 'named' });
  fixture.volumes.reference(used.Name, 'c1');
  await assert.rejects(fixture.volumes.remove(used.Name, { force: true }), {
    kind: 'conflict',
    message: `remove ${used.Name}: volume is in use - [c1]`,
  });
  writeFileSync(join(free.Mountpoint, 'f'), '12345');
  assert.deepEqual(await fixture.volumes.prune({}), { deleted: [free.Name], reclaimedBytes: 5 });
  assert.deepEqual((await fixture.volumes.prune({ all: ['true'] })).deleted, ['named']);
  fixture.volumes.release(used.Name, 'c1');
  await fixture.volumes.remove(used.Name, { force: false });
});

test('an empty volume takes the image’s folder with owner, mode and links, beneath the root', async () => {
  await using fixture = openFixture();
  const rootfs = join(fixture.folder, 'root');
  mkdirSync(join(rootfs, 'srv/deep'), { recursive: true });
  writeFileSync(join(rootfs, 'srv/deep/f'), 'content');
  chownSync(join(rootfs, 'srv'), 5, 6);
  chmodSync(join(rootfs, 'srv'), 0o2750);
  symlinkSync('/srv', join(rootfs, 'link'));
  symlinkSync('../../../../etc', join(rootfs, 'out'));
  const one = await fixture.volumes.create({ name: 'one' });
  await fixture.volumes.copyUp('one', { rootfs, path: '/link' }, NEVER);
  assert.equal(readFileSync(join(one.Mountpoint, 'deep/f'), 'utf8'), 'content');
  const { uid, gid, mode } = lstatSync(one.Mountpoint);
  assert.deepEqual([uid, gid, mode & 0o7777], [5, 6, 0o2750]);
  const two = await fixture.volumes.create({ name: 'two' });
  await fixture.volumes.copyUp('two', { rootfs, path: '/out' }, NEVER);
  await fixture.volumes.copyUp('two', { rootfs, path: '/missing' }, NEVER);
  assert.deepEqual(readdirSync(two.Mountpoint), [], 'a link out of the root leads nowhere');
  writeFileSync(join(two.Mountpoint, 'own'), '');
  await fixture.volumes.copyUp('two', { rootfs, path: '/srv' }, NEVER);
  assert.deepEqual(readdirSync(two.Mountpoint), ['own'], 'a volume that holds anything is left alone');

  const part = join(two.Mountpoint, 'part');
  mkdirSync(part);
  await fixture.volumes.copyUp('two', { rootfs, path: '/srv', part }, NEVER);
  assert.equal(readFileSync(join(part, 'deep/f'), 'utf8'), 'content', 'an empty folder of it is filled');
  assert.deepEqual([lstatSync(part).uid, lstatSync(part).mode & 0o7777], [5, 0o2750]);
  await fixture.volumes.copyUp('two', { rootfs, path: '/srv', part: join(two.Mountpoint, 'own') }, NEVER);
  assert.deepEqual(readdirSync(two.Mountpoint), ['own', 'part'], 'a file of it is left alone');
});

test('driver options are mounted for the first container and unmounted after the last', async () => {
  await using fixture = openFixture();
  await fixture.volumes.create({ name: 'ram', driverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,nosuid' } });
  const path = await fixture.volumes.mountPath('ram', 'c1');
  await fixture.volumes.mountPath('ram', 'c2');
  assert.ok(isMountPoint(path));
  await fixture.volumes.unmount('ram', 'c1');
  assert.ok(isMountPoint(path));
  await fixture.volumes.unmount('ram', 'c2');
  await fixture.volumes.unmount('ram', 'c2');
  assert.equal(isMountPoint(path), false);
});

test('a restart drops references of lost containers; an empty folder goes, one with content becomes a volume', async () => {
  await using fixture = openFixture();
  const kept = await fixture.volumes.create({ name: 'kept' });
  await fixture.volumes.create({ name: 'cut-short' });
  rmSync(join(fixture.folder, 'volumes/cut-short'), { recursive: true });
  mkdirSync(join(fixture.folder, 'volumes/half/_data'), { recursive: true });
  mkdirSync(join(fixture.folder, 'volumes/began'));
  mkdirSync(join(fixture.folder, 'volumes/ended/_new'), { recursive: true });
  mkdirSync(join(fixture.folder, 'volumes/strange/other'), { recursive: true });
  writeFileSync(join(fixture.folder, 'volumes/file'), '');
  mkdirSync(join(fixture.folder, 'volumes/kept/_new'));
  mkdirSync(join(fixture.folder, 'volumes/found/_data'), { recursive: true });
  writeFileSync(join(fixture.folder, 'volumes/found/_data/precious'), 'x');
  fixture.reopen();
  fixture.volumes.reference('kept', 'lost');
  await fixture.volumes.restore(new Set(['other']));
  assert.deepEqual(readdirSync(join(fixture.folder, 'volumes')).sort(), [
    ...['.new', '.trash', 'file', 'found', 'kept', 'strange'],
  ]);
  assert.deepEqual(readdirSync(join(fixture.folder, 'volumes/kept')), ['_data']);
  assert.deepEqual(
    (await fixture.volumes.list()).map(({ Name }) => Name),
    ['kept', 'found'],
  );
  assert.deepEqual(fixture.volumes.inspect('kept'), kept);
  assert.equal(readFileSync(join(fixture.volumes.inspect('found').Mountpoint, 'precious'), 'utf8'), 'x');
  await fixture.volumes.remove('kept', { force: false });
});

test('after a restart a volume that a running container has mounted is filled in place', async () => {
  await using fixture = openFixture();
  const rootfs = join(fixture.folder, 'root');
  mkdirSync(join(rootfs, 'srv'), { recursive: true });
  writeFileSync(join(rootfs, 'srv/f'), 'x');
  const { Mountpoint } = await fixture.volumes.create({ name: 'data' });
  await fixture.volumes.mountPath('data', 'runs');
  const { ino } = lstatSync(Mountpoint);
  fixture.reopen();
  fixture.volumes.reference('data', 'runs');
  await fixture.volumes.restore(new Set(['runs']));
  await fixture.volumes.mountPath('data', 'next');
  await fixture.volumes.copyUp('data', { rootfs, path: '/srv' }, NEVER);
  assert.deepEqual(readdirSync(Mountpoint), ['f']);
  assert.equal(lstatSync(Mountpoint).ino, ino, 'the folder that the first container has mounted');
});

test('a mount of driver options outlives a restart while a container runs, and goes with the last', async () => {
  await using fixture = openFixture();
  await fixture.volumes.create({ name: 'ram', driverOpts: { type: 'tmpfs', device: 'tmpfs' } });
  const path = await fixture.volumes.mountPath('ram', 'runs');
  await fixture.volumes.mountPath('ram', 'stopped-meanwhile');
  writeFileSync(join(path, 'state'), 'x');
  fixture.reopen();
  fixture.volumes.reference('ram', 'runs');
  fixture.volumes.reference('ram', 'stopped-meanwhile');
  await fixture.volumes.restore(new Set(['runs', 'stopped-meanwhile']));
  await fixture.volumes.unmount('ram', 'stopped-meanwhile');
  assert.equal(readFileSync(join(path, 'state'), 'utf8'), 'x');
  await fixture.volumes.unmount('ram', 'runs');
  assert.equal(isMountPoint(path), false);
});

test('a bind volume shows the device, read-only when asked, and removing it spares what is there', async () => {
  await using fixture = openFixture();
  const device = join(fixture.folder, 'device');
  mkdirSync(device);
  writeFileSync(join(device, 'keep'), 'x');
  await fixture.volumes.create({ name: 'bound', driverOpts: { type: 'none', device, o: 'bind,ro' } });
  const path = await fixture.volumes.mountPath('bound', 'c1');
  assert.throws(() => writeFileSync(join(path, 'new'), ''), { code: 'EROFS' });
  await fixture.volumes.remove('bound', { force: false });
  await fixture.volumes.swept();
  assert.deepEqual(readdirSync(device), ['keep']);
});

test('a volume with a size is mounted from an image of its own, and nothing is left of a daemon that dies in between', async () => {
  await using fixture = openFixture();
  const { Mountpoint } = await fixture.volumes.create({ name: 'limited', driverOpts: { size: '8m' } });
  const folder = join(Mountpoint, '..');
  assert.deepEqual(readdirSync(folder), ['_data'], 'the image is made at the first use');
  await fixture.volumes.mountPath('limited', 'c1');
  assert.deepEqual(readdirSync(Mountpoint), [], 'it is empty');
  assert.throws(() => writeFileSync(join(Mountpoint, 'big'), Buffer.alloc(16 << 20)), { code: 'ENOSPC' });
  writeFileSync(join(Mountpoint, 'big'), 'small');
  fixture.reopen();
  fixture.volumes.reference('limited', 'c1');
  await fixture.volumes.restore(new Set(['c1']));
  assert.ok(isMountPoint(Mountpoint));
  await fixture.volumes.unmount('limited', 'c1');
  assert.equal(isMountPoint(Mountpoint), false);
  fixture.volumes.release('limited', 'c1');

  // Killed while an image was being made, and while one was being replaced.
  writeFileSync(join(folder, '_new-image'), '');
  renameSync(join(folder, '_image'), join(folder, '_old'));
  fixture.reopen();
  assert.deepEqual(readdirSync(folder).sort(), ['_data', '_image']);
  await fixture.volumes.mountPath('limited', 'c1');
  assert.equal(readFileSync(join(Mountpoint, 'big'), 'utf8'), 'small');
  await fixture.volumes.unmount('limited', 'c1');

  fixture.records.delete('limited');
  fixture.reopen();
  assert.deepEqual(fixture.volumes.inspect('limited').Options, { size: String(8 << 20) }, 'found without a record');
  const { reclaimedBytes } = await fixture.volumes.prune({ all: ['true'] });
  assert.ok(reclaimedBytes > 0 && reclaimedBytes < 8 << 20, String(reclaimedBytes));
});

test('a server that does not answer holds a process, and none of the threads of Node', async () => {
  await using fixture = openFixture();
  const driverOpts = { type: 'nfs4', device: ':/nothing', o: 'addr=127.0.0.1,port=1,soft,timeo=1,retrans=1' };
  const { Mountpoint } = await fixture.volumes.create({ name: 'far', driver: 'local', driverOpts, labels: {} });
  const mounting = fixture.volumes.mountPath('far', 'c1');
  mounting.catch(() => {});
  while (!process.getActiveResourcesInfo().includes('ProcessWrap'))
    await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(mounting, (error: Error) => {
    const text = `error while mounting volume '${Mountpoint}': failed to mount local volume: mount :/nothing:${Mountpoint}, data: ${driverOpts.o}: `;
    assert.ok(error.message.startsWith(text), error.message);
    return true;
  });
});

test('a device that is not there fails the mount in Docker’s words, and the next try may work', async () => {
  await using fixture = openFixture();
  const device = join(fixture.folder, 'later');
  const { Mountpoint } = await fixture.volumes.create({
    name: 'bound',
    driverOpts: { type: 'none', device, o: 'bind' },
  });
  await assert.rejects(fixture.volumes.mountPath('bound', 'c1'), {
    message: `error while mounting volume '${Mountpoint}': failed to mount local volume: mount ${device}:${Mountpoint}, flags: 0x1000: no such file or directory`,
  });
  mkdirSync(device);
  assert.equal(await fixture.volumes.mountPath('bound', 'c1'), Mountpoint);
  await fixture.volumes.unmount('bound', 'c1');
});

test('a copy that fails leaves the volume empty, and the next start copies again', async () => {
  await using fixture = openFixture();
  const rootfs = join(fixture.folder, 'root');
  mkdirSync(join(rootfs, 'srv'), { recursive: true });
  writeFileSync(join(rootfs, 'srv/f'), 'x');
  const copying = fixture.trees.copy;
  fixture.trees.copy = async (request, signal) => {
    await copying(request, signal);
    throw new Error('no space left on device');
  };
  const { Mountpoint } = await fixture.volumes.create({ name: 'data' });
  await fixture.volumes.mountPath('data', 'c1');
  await assert.rejects(fixture.volumes.copyUp('data', { rootfs, path: '/srv' }, NEVER), /no space/);
  assert.deepEqual(readdirSync(Mountpoint), []);
  assert.deepEqual(readdirSync(join(Mountpoint, '..')), ['_data']);
  fixture.trees.copy = copying;
  await fixture.volumes.copyUp('data', { rootfs, path: '/srv' }, NEVER);
  assert.deepEqual(readdirSync(Mountpoint), ['f']);
});

test('filters take dangling, driver, label and an expression for the name; prune takes labels', async () => {
  await using fixture = openFixture();
  await fixture.volumes.create({ name: 'web-1', labels: { tier: 'web', keep: '' } });
  await fixture.volumes.create({ name: 'web-2', labels: { tier: 'web' } });
  await fixture.volumes.create({ name: 'db' });
  fixture.volumes.reference('db', 'c1');
  const names = async (filters: Parameters<Volumes['list']>[0]): Promise<string[]> =>
    (await fixture.volumes.list(filters)).map(({ Name }) => Name);
  assert.deepEqual(await names({ dangling: ['true'] }), ['web-1', 'web-2']);
  assert.deepEqual(await names({ dangling: ['0'] }), ['db']);
  assert.deepEqual(await names({ driver: ['nfs'] }), []);
  assert.deepEqual(await names({ name: ['^web-[2-9]$', 'db'] }), ['web-2', 'db']);
  assert.deepEqual(await names({ name: ['(a+)+$'] }), []);
  assert.deepEqual(await names({ label: ['tier=web', 'keep'] }), ['web-1']);
  await assert.rejects(names({ dangling: ['x'] }), { kind: 'invalid', message: "invalid filter 'dangling=[x]'" });
  await assert.rejects(fixture.volumes.prune({ name: ['x'] }), { message: "invalid filter 'name'" });
  assert.deepEqual((await fixture.volumes.prune({ all: ['1'], 'label!': ['keep'] })).deleted, ['web-2']);
});

test('a name that is made and removed at the same time ends in one of the two', async () => {
  await using fixture = openFixture();
  await fixture.volumes.create({ name: 'busy' });
  await Promise.all([
    fixture.volumes.remove('busy', { force: true }),
    fixture.volumes.create({ name: 'busy' }),
    fixture.volumes.remove('busy', { force: true }),
    fixture.volumes.create({ name: 'busy' }),
  ]);
  assert.ok(lstatSync(fixture.volumes.inspect('busy').Mountpoint).isDirectory());
});
