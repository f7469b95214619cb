import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { PluginServer } from '../support/plugin-server.ts';
import { powerCut } from '../support/power-cut.ts';
import { pluginDisk, startVolumePlugin, type VolumePlugin } from '../support/volume-plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-plugin-test-'));
const plugins = join(folder, 'plugins');
mkdirSync(plugins);
const engine = useEngine({ flags: ['--plugin-dir', plugins] });
const disk = pluginDisk(join(folder, 'disk'));
const socket = join(plugins, 'disk.sock');
let plugin: VolumePlugin | undefined;

async function pluginUp(): Promise<VolumePlugin> {
  plugin ??= await startVolumePlugin(socket, disk);
  plugin.refusals.clear();
  return plugin;
}

async function pluginDown(): Promise<void> {
  await plugin?.[Symbol.asyncDispose]();
  plugin = undefined;
}

beforeEach(() => pluginUp());
after(async () => {
  await pluginDown();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a line that must fail. Returns the engine's own words. */
async function refused(cli: 'docker' | 'gantry', ...args: string[]): Promise<string> {
  const { code, stderr } = await engine()[cli](args);
  assert.notEqual(code, 0, args.join(' '));
  return /Error response from daemon: (.*)/.exec(stderr)?.[1] ?? stderr;
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} volume creates, lists, inspects and removes a volume of a plugin, as with dockerd`, async () => {
    const name = unique('far');
    assert.equal(await ok('volume', 'create', '-d', 'disk', '-o', 'a=b', '--label', 'l=m', name), name);
    assert.deepEqual(disk.volumes.get(name), { a: 'b' });
    assert.deepEqual(JSON.parse(await ok('volume', 'inspect', name)), [
      {
        CreatedAt: '2020-01-02T03:04:05Z',
        Driver: 'disk',
        Labels: { l: 'm' },
        Mountpoint: '',
        Name: name,
        Options: { a: 'b' },
        Scope: 'local',
        Status: { Backing: 'test', Mounts: 0 },
      },
    ]);
    const listed = async (...filters: string[]): Promise<string> =>
      ok('volume', 'ls', '--format', '{{.Driver}} {{.Name}}', ...filters.flatMap((filter) => ['-f', filter]));
    assert.equal(await listed('driver=disk'), `disk ${name}`);
    assert.equal(await listed('label=l=m'), `disk ${name}`);
    assert.equal(await listed('driver=local', `name=${name}`), '');
    assert.equal(await ok('volume', 'create', '-d', 'disk', name), name, 'a second create returns the first');
    const taken = `create ${name}: driver 'disk' already has volume '${name}': volume name must be unique`;
    assert.equal(await refused(cli, 'volume', 'create', '-d', 'local', name), taken);
    assert.equal(await refused(cli, 'volume', 'create', name), taken);
    const { Volume } = JSON.parse(await ok('info', '--format', '{{json .Plugins}}')) as { Volume: unknown };
    assert.deepEqual(Volume, ['disk', 'local']);
    if (cli === 'docker') assert.equal(await ok('plugin', 'ls', '-q'), '', 'dockerd lists managed plugins only');
    assert.equal(await ok('volume', 'rm', name), name);
    assert.deepEqual([...disk.volumes.keys()], []);
    assert.equal(await refused(cli, 'volume', 'inspect', name), `get ${name}: no such volume`);
  });

  test(`${cli} volume says why a driver cannot be used, in dockerd’s words`, async () => {
    const name = unique('far');
    const create = (driver: string): Promise<string> => refused(cli, 'volume', 'create', '-d', driver, name);
    const lookUp = (driver: string): string => `create ${name}: error looking up volume plugin ${driver}: `;
    assert.equal(await create('nope'), `${lookUp('nope')}plugin "nope" not found`);
    assert.equal(await create('../disk'), `${lookUp('../disk')}plugin "../disk" not found`);
    await using _other = await PluginServer.listen(join(plugins, 'other.sock'), { implements: ['LogDriver'] });
    const kinds = 'plugin="other", requested implementation="VolumeDriver"';
    const another = `legacy plugin: Plugin does not implement the requested driver: ${kinds}`;
    assert.equal(await create('other'), `${lookUp('other')}${another}`);
    const up = await pluginUp();
    up.refusals.set('Create', 'the disk is on fire');
    assert.equal(await create('disk'), `create ${name}: the disk is on fire`);
    up.refusals.set('List', 'the disk is on fire');
    const { body } = await engine().api('GET', '/volumes');
    const { Warnings } = JSON.parse(body) as { Warnings: unknown };
    assert.deepEqual(Warnings, ['list disk: the disk is on fire']);
    const run = await refused(cli, 'run', '--rm', '-v', `${name}:/x`, '--volume-driver', 'nope', 'busybox', 'true');
    assert.equal(run, `${lookUp('nope')}plugin "nope" not found`, 'and no image is pulled');
  });

  test(`${cli} run uses a volume of a plugin: filled from the image, in use, copied from, kept`, async () => {
    const [name, container] = [unique('far'), unique('user')];
    const options = ['--volume-driver', 'disk', '-v', `${name}:/etc`, '-v', '/anonymous'];
    await ok('run', '--name', container, ...options, 'busybox', 'sh', '-c', 'echo kept >/etc/kept');
    assert.equal(readFileSync(join(disk.root, name, 'kept'), 'utf8'), 'kept\n');
    assert.ok(existsSync(join(disk.root, name, 'passwd')), 'the image’s files are there');
    const [mount] = JSON.parse(await ok('inspect', '-f', '{{json .Mounts}}', container)) as readonly Readonly<
      Record<string, unknown>
    >[];
    assert.deepEqual(
      [mount?.['Type'], mount?.['Source'], mount?.['Driver'], mount?.['Mode'], mount?.['RW'], mount?.['Propagation']],
      ['volume', join(disk.root, name), 'disk', '', true, ''],
    );
    assert.match(await refused(cli, 'volume', 'rm', '-f', name), /volume is in use - \[[0-9a-f]{64}\]$/);
    assert.equal(disk.mounts.get(name)?.size, 0, 'an ended container has it unmounted');
    await ok('cp', `${container}:/etc/kept`, join(folder, 'copied'));
    assert.equal(readFileSync(join(folder, 'copied'), 'utf8'), 'kept\n');
    await eventually(async () => assert.equal(disk.mounts.get(name)?.size, 0, 'a copy unmounts it again'));
    assert.equal(disk.volumes.size, 2);
    await ok('rm', '-v', container);
    assert.deepEqual([...disk.volumes.keys()], [name], 'the anonymous volume is gone, the named one stays');
    const read = await ok('run', '--rm', '-v', `${name}:/x:ro`, 'busybox', 'cat', '/x/kept');
    assert.equal(read, 'kept', 'its driver is found by the name');
    const mounted = `type=volume,src=${name},dst=/x,volume-driver=disk,volume-subpath=sub`;
    mkdirSync(join(disk.root, name, 'sub'));
    writeFileSync(join(disk.root, name, 'sub/f'), 'part');
    assert.equal(await ok('run', '--rm', '--mount', mounted, 'busybox', 'cat', '/x/f'), 'part');
    (await pluginUp()).refusals.set('Mount', 'the disk is on fire');
    const failed = await refused(cli, 'run', '--rm', '-v', `${name}:/x`, 'busybox', 'true');
    assert.equal(failed, "error while mounting volume '': the disk is on fire");
    await ok('volume', 'rm', name);
    assert.deepEqual(readdirSync(disk.root), []);
  });

  test(`${cli} run and volume rm use what only the plugin knows`, async () => {
    const name = unique('known');
    disk.volumes.set(name, null);
    mkdirSync(join(disk.root, name));
    await ok('run', '--rm', '-v', `${name}:/x`, 'busybox', 'touch', '/x/f');
    assert.deepEqual(readdirSync(join(disk.root, name)), ['f']);
    await ok('volume', 'rm', name);
    assert.deepEqual([...disk.volumes.keys()], []);
  });
}

test('a plugin that is away: lists are answered with a warning, a start says why, and rm -f lets go', async () => {
  const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [name, container] = [unique('far'), unique('user')];
  await ok('volume', 'create', '-d', 'disk', name);
  await ok('create', '--name', container, '-v', `${name}:/x`, 'busybox', 'true');
  await pluginDown();
  const { status, body } = await engine().api('GET', '/volumes');
  const { Volumes, Warnings } = JSON.parse(body) as { Volumes: readonly { Name: string }[]; Warnings: unknown };
  assert.deepEqual([status, Warnings], [200, ['list disk: plugin "disk" not found']]);
  assert.ok(Volumes.some(({ Name }) => Name === name));
  const inspected = `get ${name}: error while checking if volume "${name}" exists in driver "disk": plugin "disk" not found`;
  assert.equal(await refused('gantry', 'volume', 'inspect', name), inspected);
  const starting = ok('start', '-a', container);
  await pluginUp();
  assert.equal(await starting, '', 'the start waits for the plugin');
  await pluginDown();
  await ok('rm', container);
  assert.match(await refused('gantry', 'volume', 'rm', name), /plugin "disk" not found$/);
  await ok('volume', 'rm', '-f', name);
  await pluginUp();
  assert.deepEqual(await ok('volume', 'ls', '-q', '-f', `name=${name}`), name, 'the plugin still has it');
  await ok('volume', 'rm', name);
});

test('a container with a plugin’s volume lives through restarts, and waits for the plugin after a reboot', async () => {
  const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [name, container, ended] = [unique('far'), unique('user'), unique('ended')];
  const run = ['run', '-d', '--volume-driver', 'disk', '-v', `${name}:/x`];
  const id = await ok(...run, '--name', container, '--restart=always', 'busybox', 'sleep', '1000000');
  const endedId = await ok(...run, '--name', ended, 'busybox', 'sleep', '1000000');
  await ok('exec', container, 'sh', '-c', 'echo kept >/x/f');
  const mounted = (): readonly string[] => [...(disk.mounts.get(name) ?? [])].sort();
  assert.deepEqual(mounted(), [id, endedId].sort());
  for (const end of [() => engine().stop(), () => engine().kill9()]) {
    await end();
    await engine().start();
    assert.equal(await ok('exec', container, 'cat', '/x/f'), 'kept');
    assert.deepEqual(mounted(), [id, endedId].sort());
  }
  await powerCut(engine());
  await pluginDown();
  await engine().start();
  const stateOf = async (): Promise<{ Status: string; Error: string }> =>
    JSON.parse(await ok('inspect', '-f', '{{json .State}}', container)) as { Status: string; Error: string };
  await eventually(async () => {
    const { Status, Error: reason } = await stateOf();
    assert.equal(Status, 'restarting');
    assert.match(reason, /^error while mounting volume '.*': plugin "disk" not found$/);
  });
  assert.match(engine().log(), /cannot unmount the volume of a plugin; it is tried again later/);
  await pluginUp();
  await eventually(async () => assert.equal((await stateOf()).Status, 'running'), 300);
  assert.equal(await ok('exec', container, 'cat', '/x/f'), 'kept');
  await engine().stop();
  await engine().start();
  await eventually(async () => assert.deepEqual(mounted(), [id], 'the next start unmounts what is left'));
  await ok('rm', '-f', container, ended);
  await ok('volume', 'rm', name);
  assert.deepEqual([mounted(), readdirSync(disk.root)], [[], []]);
});
