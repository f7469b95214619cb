import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../../spec/index.ts';
import { defaultHostConfig, type HostConfigDefaults } from './default-host-config.ts';
import { randomName } from './random-name.ts';

const DEFAULTS: HostConfigDefaults = {
  cgroupVersion: 1,
  defaultRuntime: 'crun',
  shmSizeBytes: 64 << 20,
  cgroupnsMode: undefined,
  ulimits: [],
  log: { driver: 'json-file', options: {} },
  oomKillDisable: true,
};

function shown(given: HostConfig, changes: Partial<HostConfigDefaults> = {}): HostConfig {
  return defaultHostConfig(given, { ...DEFAULTS, ...changes });
}

test('what was not given is shown as dockerd shows it', () => {
  const {
    Binds,
    Dns,
    Devices,
    PortBindings,
    LogConfig,
    NetworkMode,
    RestartPolicy,
    CgroupnsMode,
    IpcMode,
    ShmSize,
    OomKillDisable,
    PidsLimit,
    Tmpfs,
  } = shown({});
  assert.deepEqual([Binds, Dns, Devices, PortBindings], [null, null, null, null]);
  assert.deepEqual(LogConfig, { Type: 'json-file', Config: {} });
  assert.deepEqual(RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
  assert.deepEqual([NetworkMode, CgroupnsMode, IpcMode, ShmSize], ['bridge', 'host', 'private', 64 << 20]);
  assert.deepEqual([OomKillDisable, PidsLimit, Tmpfs], [false, null, undefined]);
});

test('options of the engine are those of containers with its log driver', () => {
  const log = { driver: 'local', options: { 'max-size': '1m', compress: 'true' } };
  const logOf = (LogConfig?: HostConfig['LogConfig']) =>
    shown(LogConfig === undefined ? {} : { LogConfig }, { log }).LogConfig;
  assert.deepEqual(logOf(), { Type: 'local', Config: log.options });
  const own = { Type: 'local', Config: { 'max-size': '5m' } };
  assert.deepEqual(logOf(own), { Type: 'local', Config: { 'max-size': '5m', compress: 'true' } });
  assert.deepEqual(logOf({ Type: 'json-file', Config: null }), { Type: 'json-file', Config: {} });
});

test('what was given is echoed, empty lists too', () => {
  const given: HostConfig = {
    Dns: [],
    Tmpfs: { '/t': 'size=1m' },
    CapAdd: ['net_admin'],
    Mounts: [{ Type: 'tmpfs', Target: '/m' }],
  };
  const { Dns, Tmpfs, CapAdd, Mounts } = shown(given);
  assert.deepEqual({ Dns, Tmpfs, CapAdd, Mounts }, given);
  assert.deepEqual(shown({ PortBindings: { '80/tcp': [{ HostPort: '1' }], '81/tcp': null } }).PortBindings, {
    '80/tcp': [{ HostIp: '', HostPort: '1' }],
    '81/tcp': null,
  });
});

test('values that follow from others', () => {
  assert.equal(shown({ Memory: 64 << 20 }).MemorySwap, 128 << 20);
  assert.equal(shown({ Memory: 64 << 20, MemorySwap: -1 }).MemorySwap, -1);
  assert.equal(shown({ PidsLimit: -1 }).PidsLimit, null);
  assert.equal(shown({ MemorySwappiness: -1 }).MemorySwappiness, null);
  assert.equal(shown({}, { cgroupVersion: 2 }).CgroupnsMode, 'private');
  assert.equal(shown({}, { oomKillDisable: false }).OomKillDisable, null);
});

test('the engine’s flags, shown as if the container had said so', () => {
  const mode = (privileged: boolean, cgroupVersion: 1 | 2, wanted: 'host' | 'private' | undefined) =>
    shown({ Privileged: privileged }, { cgroupVersion, cgroupnsMode: wanted }).CgroupnsMode;
  assert.deepEqual([mode(false, 1, 'private'), mode(false, 2, 'host')], ['private', 'host']);
  assert.deepEqual(
    [mode(true, 1, 'private'), mode(true, 2, undefined), mode(true, 2, 'host')],
    ['host', 'private', 'host'],
  );
  assert.equal(shown({}, { shmSizeBytes: 1 << 20 }).ShmSize, 1 << 20);
  assert.equal(shown({ ShmSize: 4096 }, { shmSizeBytes: 1 << 20 }).ShmSize, 4096);
  const ulimits = [
    { Name: 'nofile', Soft: 1, Hard: 2 },
    { Name: 'core', Soft: 0, Hard: 0 },
  ];
  const own = { Name: 'nofile', Soft: 3, Hard: 4 };
  assert.deepEqual(shown({ Ulimits: [own] }, { ulimits }).Ulimits, [own, ulimits[1]]);
  assert.deepEqual(shown({}, { ulimits }).Ulimits, ulimits);
  assert.equal(shown({}).Ulimits, null);
});

test('a privileged container hides nothing, and SELinux leaves it and the host’s namespaces alone', () => {
  const { MaskedPaths, ReadonlyPaths, SecurityOpt } = shown({ Privileged: true, SecurityOpt: ['seccomp=unconfined'] });
  assert.deepEqual([MaskedPaths, ReadonlyPaths, SecurityOpt], [null, null, ['seccomp=unconfined', 'label=disable']]);
  assert.deepEqual(shown({ IpcMode: 'host' }).SecurityOpt, ['label=disable']);
  assert.equal(shown({}).SecurityOpt, null);
  assert.deepEqual(shown({ MaskedPaths: [] }).MaskedPaths, []);
  assert.equal(shown({}).MaskedPaths?.includes('/proc/kcore'), true);
});

test('random names are valid, many, and get digits when they are taken', () => {
  const names = new Set(Array.from({ length: 500 }, () => randomName(0)));
  assert.ok(names.size > 450);
  for (const name of names) assert.match(name, /^[a-z]+_[a-z]+$/);
  assert.match(randomName(6), /^[a-z]+_[a-z]+\d$/);
});
