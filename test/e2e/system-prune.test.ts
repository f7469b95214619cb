import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { imageArchive, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { CLIS, loadBusybox, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const BIG = tarArchive([{ name: 'big', content: Buffer.alloc(1_000_000, 'b') }]);

for (const cli of CLIS) {
  test(`${cli} system prune removes what nothing uses and says how much that was`, async () => {
    const name = unique('pruned');
    await engine().ok(cli, ['load', '-q'], { input: imageArchive({ tags: [], layers: [BIG], config: {} }) });
    const stopped = await engine().ok(cli, ['create', 'busybox', 'true']);
    await engine().ok(cli, ['create', '--name', name, '--label', 'keep=1', 'busybox', 'true']);
    const out = await engine().ok(cli, ['system', 'prune', '-f', '--filter', 'label!=keep']);
    assert.match(out, new RegExp(`^Deleted Containers:\n${stopped}\n\nDeleted Images:\ndeleted: sha256:`));
    assert.match(out, /\n\nTotal reclaimed space: 1MB$/);
    assert.equal(await engine().ok(cli, ['ps', '-a', '--format', '{{.Names}}']), name);
    assert.equal(await engine().ok(cli, ['images', '--format', '{{.Repository}}']), 'busybox');

    const refused = await engine()[cli](['system', 'prune', '-f', '--filter', 'colour=red']);
    assert.equal(refused.stderr.trim(), "Error response from daemon: invalid filter 'colour'");
    const declined = await engine()[cli](['system', 'prune', '-a'], { input: 'n\n' });
    assert.match(declined.stdout, /^WARNING! This will remove:\n.*Are you sure you want to continue\? \[y\/N\]/s);
    await engine().ok(cli, ['system', 'prune', '-af', '--volumes']);
    assert.equal(await engine().ok(cli, ['images', '-q']), '');
    await loadBusybox(engine());
  });
}

test('networks/prune and build/prune check their filters, and keep what came with the engine', async () => {
  const prune = (what: string, filters?: object): Promise<{ status: number; body: string }> =>
    engine().api('POST', `/${what}/prune${filters ? `?filters=${encodeURIComponent(JSON.stringify(filters))}` : ''}`);
  assert.deepEqual(JSON.parse((await prune('networks')).body), { NetworksDeleted: null });
  assert.deepEqual(JSON.parse((await prune('networks', { until: ['1h'], label: ['x'] })).body), {
    NetworksDeleted: null,
  });
  assert.deepEqual(JSON.parse((await prune('build')).body), { CachesDeleted: null, SpaceReclaimed: 0 });
  const refusals = [
    [{ name: ['bridge'] }, "invalid filter 'name'"],
    [{ until: ['soon'] }, 'failed to parse value as time or duration: "soon"'],
    [{ until: ['1h', '2h'] }, 'more than one until filter specified'],
  ] as const;
  for (const [filters, message] of refusals) {
    const { status, body } = await prune('networks', filters);
    assert.deepEqual([status, JSON.parse(body).message], [400, message]);
  }
  const networks = JSON.parse((await engine().api('GET', '/networks')).body) as { readonly Name: string }[];
  assert.deepEqual(networks.map(({ Name }) => Name).sort(), ['bridge', 'host', 'none']);
});

test('system df counts the layers of images alone, each once', async () => {
  const layers = async (): Promise<number> => JSON.parse((await engine().api('GET', '/system/df')).body).LayersSize;
  const name = unique('orphan');
  const before = await layers();
  const archive = imageArchive({ tags: [`${name}:latest`, `${name}/copy:1`], layers: [BIG], config: { Cmd: ['x'] } });
  await engine().ok('gantry', ['load', '-q'], { input: archive });
  assert.equal(await layers(), before + 1_000_000);
  await engine().ok('gantry', ['create', '--name', name, name]);
  await engine().ok('gantry', ['rmi', '-f', name, `${name}/copy:1`]);
  assert.equal(await layers(), before, 'the layer is the container’s alone now');
  const [list] = JSON.parse((await engine().api('GET', '/v1.50/images/json?shared-size=1')).body);
  assert.deepEqual([list.Containers, list.SharedSize], [-1, 0]);
  await engine().ok('gantry', ['rm', name]);
});

test('system df leaves out volumes with options, as dockerd does: what they hold is elsewhere', async () => {
  const [plain, memory] = [unique('plain'), unique('memory')];
  await engine().ok('gantry', ['volume', 'create', plain]);
  await engine().ok('gantry', ['volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', memory]);
  for (const version of ['1.24', '1.51', '1.52']) {
    const { Volumes, VolumeUsage } = JSON.parse((await engine().api('GET', `/v${version}/system/df?verbose=1`)).body);
    const names = (Volumes ?? VolumeUsage.Items).map(({ Name }: { readonly Name: string }) => Name);
    assert.deepEqual([names.includes(plain), names.includes(memory)], [true, false], version);
  }
  await engine().ok('gantry', ['volume', 'rm', plain, memory]);
});

test('system df does not look into what is mounted in a volume', async () => {
  const name = unique('measured');
  await engine().ok('gantry', [
    'run',
    '--rm',
    '-v',
    `${name}:/v`,
    'busybox',
    'sh',
    '-c',
    'mkdir /v/in; printf 12345 >/v/f',
  ]);
  const data = await engine().ok('gantry', ['volume', 'inspect', '-f', '{{.Mountpoint}}', name]);
  const size = async (): Promise<number> => {
    const { Volumes } = JSON.parse((await engine().api('GET', '/system/df')).body) as {
      readonly Volumes: readonly { readonly Name: string; readonly UsageData: { readonly Size: number } }[];
    };
    return Volumes.find(({ Name }) => Name === name)?.UsageData.Size ?? -1;
  };
  assert.equal((await command('mount', ['-t', 'tmpfs', 'gantry-inside', `${data}/in`])).code, 0);
  try {
    writeFileSync(`${data}/in/foreign`, 'of memory');
    assert.equal(await size(), 5);
  } finally {
    assert.equal((await command('umount', [`${data}/in`])).code, 0);
  }
  writeFileSync(`${data}/in/own`, '123');
  assert.equal(await size(), 8);
  await engine().ok('gantry', ['volume', 'rm', name]);
});
