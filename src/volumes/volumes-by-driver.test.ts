import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PluginDisk, pluginDisk, startVolumePlugin } from '../../test/support/volume-plugin.ts';
import { volumeTrees } from '../../test/support/volume-trees.ts';
import { silentLogger } from '../base/logger.ts';
import { memoryRecords } from '../base/records.ts';
import { createPluginHost } from '../plugins/index.ts';
import type { PluginVolumeRecord } from './plugin-volume-record.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeInspect } from './volumes.ts';
import { createVolumesByDriver, type VolumesByDriver } from './volumes-by-driver.ts';

interface Fixture extends AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly disk: PluginDisk;
  readonly events: string[];
  readonly records: ReturnType<typeof memoryRecords<PluginVolumeRecord>>;
  /** The volumes of a new daemon, on the state of the last one. */
  open(): VolumesByDriver;
}

function openFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-plugin-volumes-'));
  const plugins = join(folder, 'plugins');
  mkdirSync(plugins);
  const events: string[] = [];
  const [local, records] = [memoryRecords<VolumeRecord>(), memoryRecords<PluginVolumeRecord>()];
  const opened: VolumesByDriver[] = [];
  const times = { firstDelayMs: 5, patienceMs: 20, answerMs: 10_000, handshakeMs: 10_000 };
  return {
    folder,
    socket: join(plugins, 'disk.sock'),
    disk: pluginDisk(join(folder, 'disk')),
    events,
    records,
    open() {
      const volumes = createVolumesByDriver({
        records: local,
        pluginRecords: records,
        plugins: createPluginHost({ folders: [plugins], logger: silentLogger, times }),
        dataRoot: folder,
        events: { emit: (_type, action, id, { driver = '' } = {}) => void events.push(`${action} ${id} ${driver}`) },
        logger: silentLogger,
        trees: volumeTrees(),
      });
      opened.push(volumes);
      return volumes;
    },
    async [Symbol.asyncDispose]() {
      for (const volumes of opened) await volumes.swept();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const NEVER = new AbortController().signal;
const ID = 'a'.repeat(64);

const namesOf = (volumes: readonly VolumeInspect[]): readonly string[] => volumes.map(({ Name }) => Name).sort();

test('a plugin’s volume is made, listed, inspected and removed beside those of the engine', async () => {
  await using fixture = openFixture();
  await using plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const volumes = fixture.open();
  await volumes.create({ name: 'own' });
  const request = { name: 'far', driver: 'disk', driverOpts: { size: '5g' }, labels: { tier: 'db' } };
  const made = await volumes.create(request);
  const shown = {
    CreatedAt: '2020-01-02T03:04:05Z',
    Driver: 'disk',
    Labels: { tier: 'db' },
    Mountpoint: '',
    Name: 'far',
  };
  const listed: VolumeInspect = { ...shown, Options: { size: '5g' }, Scope: 'local' };
  assert.deepEqual(made, { ...listed, Status: { Backing: 'test', Mounts: 0 } });
  assert.deepEqual(await volumes.inspect('far'), made);
  assert.deepEqual([...fixture.disk.volumes], [['far', { size: '5g' }]]);
  assert.deepEqual(namesOf((await volumes.list()).volumes), ['far', 'own']);
  assert.deepEqual(await volumes.list({ driver: ['disk'] }), { volumes: [listed], warnings: [] });
  assert.deepEqual(namesOf((await volumes.list({ driver: ['local'] })).volumes), ['own']);
  assert.deepEqual(namesOf((await volumes.list({ label: ['tier=db'] })).volumes), ['far']);
  assert.deepEqual(await volumes.create(request), made, 'a second create returns the first volume');
  assert.equal((await volumes.create({ name: 'far' })).Driver, 'disk', 'without a driver too');
  volumes.reference('far', ID);
  assert.deepEqual(namesOf((await volumes.list({ dangling: ['false'] })).volumes), ['far']);
  await assert.rejects(volumes.remove('far', { force: true }), {
    kind: 'conflict',
    message: `remove far: volume is in use - [${ID}]`,
  });
  volumes.release('far', ID);
  assert.deepEqual((await volumes.prune({ all: ['true'] })).deleted, ['own'], 'dockerd prunes its own only');
  await volumes.remove('far', { force: false });
  assert.deepEqual([fixture.disk.volumes.size, fixture.records.all().length], [0, 0]);
  await assert.rejects(volumes.inspect('far'), { kind: 'notFound', message: 'get far: no such volume' });
  await assert.rejects(volumes.remove('far', { force: false }), { kind: 'notFound' });
  await volumes.remove('far', { force: true });
  assert.deepEqual(fixture.events.slice(0, 2), ['create own local', 'create far disk']);
  assert.equal(fixture.events.at(-1), 'destroy far disk');
  assert.equal(plugin.server.methods().filter((method) => method === 'VolumeDriver.Create').length, 1);
});

test('names belong to one driver, and what is refused is said in Docker’s words', async () => {
  await using fixture = openFixture();
  await using plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const volumes = fixture.open();
  await volumes.create({ name: 'own' });
  await volumes.create({ name: 'far', driver: 'disk' });
  const refused = (driver: string, name: string, message: string, kind = 'conflict') =>
    assert.rejects(volumes.create({ name, driver }), { kind, message });
  await refused('disk', 'own', "create own: driver 'local' already has volume 'own': volume name must be unique");
  await refused('local', 'far', "create far: driver 'disk' already has volume 'far': volume name must be unique");
  const missing = 'create x1: error looking up volume plugin nope: plugin "nope" not found';
  await refused('nope', 'x1', missing, 'notFound');
  await refused('nope', 'own', missing.replace('x1', 'own'), 'notFound');
  await assert.rejects(volumes.create({ name: '../x', driver: 'disk' }), { kind: 'invalid' });
  plugin.refusals.set('Create', 'the disk is full');
  await refused('disk', 'x2', 'create x2: the disk is full', 'failed');
  assert.deepEqual(namesOf((await volumes.list()).volumes), ['far', 'own']);
  plugin.refusals.set('Remove', 'the disk is stuck');
  for (const force of [false, true]) {
    await assert.rejects(volumes.remove('far', { force }), {
      kind: 'failed',
      message: 'remove far: the disk is stuck',
    });
  }
});

test('a volume that only the plugin knows is listed, used and removed by its name', async () => {
  await using fixture = openFixture();
  await using _plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const volumes = fixture.open();
  for (const name of ['used', 'spare']) {
    fixture.disk.volumes.set(name, null);
    mkdirSync(join(fixture.disk.root, name));
  }
  assert.deepEqual(namesOf((await volumes.list()).volumes), ['spare', 'used']);
  assert.equal((await volumes.inspect('used')).Driver, 'disk');
  assert.equal((await volumes.create({ name: 'used' })).Driver, 'disk');
  assert.equal((await volumes.create({ name: 'new' })).Driver, 'local');
  await volumes.remove('spare', { force: false });
  assert.deepEqual([...fixture.disk.volumes.keys()], ['used']);
  assert.deepEqual(
    fixture.records.all().map(({ name }) => name),
    ['used'],
  );
});

test('the content of a plugin’s volume is not the engine’s: it is not cloned, renamed or exported', async () => {
  await using fixture = openFixture();
  await using _plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const volumes = fixture.open();
  await volumes.create({ name: 'far', driver: 'disk' });
  await volumes.create({ name: 'own' });
  const told = (): void => {};
  const refusal = (verb: string) => ({
    kind: 'failed',
    message: `${verb} far: the volume is in the plugin disk: its content is not the engine's`,
  });
  await assert.rejects(volumes.clone('far', 'copy', told, NEVER), refusal('clone'));
  await assert.rejects(volumes.rename('far', 'other'), refusal('rename'));
  await assert.rejects(volumes.export('far', NEVER), refusal('export'));
  await assert.rejects(volumes.createSnapshot('far', 's', told, NEVER), refusal('snapshot'));
  for (const verb of ['clone', 'rename'] as const) {
    const made = verb === 'clone' ? volumes.clone('own', 'far', told, NEVER) : volumes.rename('own', 'far');
    await assert.rejects(made, {
      kind: 'conflict',
      message: `${verb}: a volume named far already exists. Choose a different volume name`,
    });
  }
  assert.deepEqual(namesOf((await volumes.list()).volumes), ['far', 'own']);
});

test('each container mounts and unmounts under its own id, and an empty volume is filled', async () => {
  await using fixture = openFixture();
  await using plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const volumes = fixture.open();
  const rootfs = join(fixture.folder, 'root');
  mkdirSync(join(rootfs, 'srv'), { recursive: true });
  writeFileSync(join(rootfs, 'srv/f'), 'from the image');
  await volumes.create({ name: 'far', driver: 'disk' });
  const path = await volumes.mountPath('far', ID);
  assert.equal(path, join(fixture.disk.root, 'far'));
  await volumes.copyUp('far', { rootfs, path: '/srv' }, NEVER);
  assert.equal(readFileSync(join(path, 'f'), 'utf8'), 'from the image');
  await volumes.mountPath('far', 'a copy of files');
  const ids = [...(fixture.disk.mounts.get('far') ?? [])];
  assert.equal(ids[0], ID);
  assert.match(ids[1] ?? '', /^[0-9a-f]{64}$/);
  await volumes.unmount('far', 'a copy of files');
  await volumes.unmount('far', ID);
  await volumes.unmount('far', ID);
  assert.equal(fixture.disk.mounts.get('far')?.size, 0);
  assert.equal(plugin.server.methods().filter((method) => method === 'VolumeDriver.Unmount').length, 2);
  plugin.refusals.set('Mount', 'the disk is stuck');
  await assert.rejects(volumes.mountPath('far', ID), {
    kind: 'failed',
    message: "error while mounting volume '': the disk is stuck",
  });
  assert.deepEqual(fixture.records.get('far')?.mounts, {}, 'a refused mount is not undone');
});

test('a plugin that is away: a warning in the list, a reason at the mount, and the record can be forced away', async () => {
  await using fixture = openFixture();
  const volumes = fixture.open();
  {
    await using _plugin = await startVolumePlugin(fixture.socket, fixture.disk);
    await volumes.create({ name: 'far', driver: 'disk', labels: { a: 'b' } });
  }
  const listed = await volumes.list();
  assert.deepEqual(namesOf(listed.volumes), ['far'], 'the record is still there');
  assert.deepEqual(listed.warnings, ['list disk: plugin "disk" not found']);
  writeFileSync(fixture.socket.replace(/sock$/, 'spec'), `unix://${fixture.socket}`);
  const gone = `Post "http://plugin.moby.localhost/Plugin.Activate": dial unix ${fixture.socket}: connect: no such file or directory`;
  assert.deepEqual((await volumes.list()).warnings, [`list disk: legacy plugin: ${gone}`]);
  await assert.rejects(volumes.mountPath('far', ID), {
    kind: 'unavailable',
    message: `error while mounting volume '': legacy plugin: ${gone}`,
  });
  rmSync(fixture.socket.replace(/sock$/, 'spec'));
  const other = fixture.open();
  const reason = 'plugin "disk" not found';
  await assert.rejects(other.mountPath('far', ID), {
    kind: 'unavailable',
    message: `error while mounting volume '': ${reason}`,
  });
  await assert.rejects(other.inspect('far'), {
    kind: 'unavailable',
    message: `get far: error while checking if volume "far" exists in driver "disk": ${reason}`,
  });
  await assert.rejects(other.remove('far', { force: false }), {
    kind: 'unavailable',
    message: `remove far: ${reason}`,
  });
  await other.remove('far', { force: true });
  assert.equal(fixture.records.get('far'), undefined);
});

test('a volume that the plugin lost is made again by its record, and can be removed', async () => {
  await using fixture = openFixture();
  await using _plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const volumes = fixture.open();
  await volumes.create({ name: 'far', driver: 'disk', driverOpts: { size: '1' } });
  fixture.disk.volumes.clear();
  await assert.rejects(volumes.inspect('far'), { kind: 'notFound', message: 'get far: no such volume' });
  assert.equal((await volumes.create({ name: 'far' })).Driver, 'disk');
  assert.deepEqual([...fixture.disk.volumes], [['far', { size: '1' }]]);
  fixture.disk.volumes.clear();
  await volumes.remove('far', { force: false });
  assert.equal(fixture.records.get('far'), undefined);
});

test('the next daemon unmounts what belongs to no container, and what an interrupted mount left', async () => {
  await using fixture = openFixture();
  const [kept, stopped, lost] = ['b', 'c', 'd'].map((letter) => letter.repeat(64)) as [string, string, string];
  {
    await using plugin = await startVolumePlugin(fixture.socket, fixture.disk);
    const volumes = fixture.open();
    await volumes.create({ name: 'far', driver: 'disk' });
    for (const id of [kept, stopped, lost]) await volumes.mountPath('far', id);
    // The plugin mounts, and its answer is lost.
    plugin.server.fault = 'cut';
    await assert.rejects(volumes.mountPath('far', ID), { kind: 'unavailable' });
    fixture.disk.mounts.get('far')?.add(ID);
  }
  const next = fixture.open();
  for (const id of [kept, stopped]) next.reference('far', id);
  await next.restore(new Set([kept, stopped]));
  await next.unmount('far', stopped);
  assert.equal(fixture.disk.mounts.get('far')?.size, 4, 'the plugin is away, and nobody waits for it');
  await using _plugin = await startVolumePlugin(fixture.socket, fixture.disk);
  const last = fixture.open();
  for (const id of [kept, stopped]) last.reference('far', id);
  await last.restore(new Set([kept, stopped]));
  await last.unmount('far', stopped);
  assert.equal(await last.mountPath('far', kept), join(fixture.disk.root, 'far'), 'waits for the unmounts');
  assert.deepEqual([...(fixture.disk.mounts.get('far') ?? [])], [kept]);
  assert.deepEqual(Object.keys(fixture.records.get('far')?.mounts ?? {}), [kept]);
  last.release('far', kept);
  last.release('far', stopped);
  await last.remove('far', { force: false });
  assert.deepEqual(readdirSync(fixture.disk.root), [], 'a mount that was left is unmounted before the removal');
  assert.equal(existsSync(join(fixture.folder, 'volumes/far')), false);
});
