import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostFacts } from '../../runtime/index.ts';
import type { ContainerConfig, HostConfig } from '../../spec/index.ts';
import { checkCreate, checkUpdate } from './check-create.ts';

const MEGABYTE = 1 << 20;

const FACTS: HostFacts = {
  cgroup: 'v1',
  limits: {
    memory: true,
    swap: true,
    memoryReservation: true,
    swappiness: true,
    oomKillDisable: true,
    cpuShares: true,
    cpuCfs: true,
    cpuRealtime: true,
    cpuset: true,
    pids: true,
    blkioWeight: false,
    blkioWeightDevice: false,
    blkioThrottle: true,
    devices: true,
  },
  architecture: 'amd64',
  kernel: { major: 6, minor: 1, release: '6.1.0' },
  hostname: 'host',
  seccomp: true,
  apparmor: false,
  apparmorDefaultProfile: false,
  capabilities: ['CAP_CHOWN', 'CAP_NET_ADMIN'],
  cpus: 2,
  onlineCpus: '0-1',
  memoryNodes: '0',
  memoryBytes: 1 << 30,
  rlimits: new Map(),
  oomScoreAdj: 0,
  recursiveReadOnly: true,
  unprivilegedPorts: true,
  pingGroupRange: true,
};

function refuses(hostConfig: HostConfig, message: string, config: ContainerConfig = {}): void {
  assert.throws(
    () => checkCreate(config, hostConfig, FACTS),
    { kind: 'invalid', message },
    JSON.stringify([config, hostConfig]),
  );
}

function warnings(hostConfig: HostConfig, facts: HostFacts = FACTS): readonly string[] {
  return checkCreate({}, hostConfig, facts).warnings;
}

test('memory', () => {
  refuses({ Memory: MEGABYTE }, 'Minimum memory limit allowed is 6MB');
  refuses({ Memory: -1 }, 'Minimum memory limit allowed is 6MB');
  refuses(
    { Memory: 64 * MEGABYTE, MemorySwap: 32 * MEGABYTE },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  );
  refuses(
    { MemorySwap: 64 * MEGABYTE },
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  );
  refuses(
    { Memory: 64 * MEGABYTE, MemoryReservation: 128 * MEGABYTE },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  );
  refuses({ MemoryReservation: MEGABYTE }, 'Minimum memory reservation allowed is 6MB');
  refuses({ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100');
  for (const fine of [{ MemorySwap: -1 }, { MemorySwappiness: -1 }, { Memory: 6 * MEGABYTE }])
    assert.deepEqual(warnings(fine), []);
});

test('CPUs', () => {
  const range = 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available';
  refuses({ NanoCpus: 3e9 }, range);
  refuses({ NanoCpus: -1 }, range);
  refuses({ NanoCpus: 1e9, CpuQuota: 1000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  refuses({ NanoCpus: 1e9, CpuPeriod: 1000 }, 'Conflicting options: Nano CPUs and CPU Period cannot both be set');
  refuses({ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  refuses({ CpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)');
  refuses({ CpusetCpus: 'x' }, 'Invalid value x for cpuset cpus: invalid format: x');
  refuses({ CpusetCpus: '0-99999' }, 'Invalid value 0-99999 for cpuset cpus: invalid format: 0-99999');
  refuses({ CpusetCpus: '1,9' }, 'Requested CPUs are not available - requested 1,9, available: 0-1');
  refuses({ CpusetMems: '5' }, 'Requested memory nodes are not available - requested 5, available: 0');
  assert.deepEqual(warnings({ CpusetCpus: '0-1', CpusetMems: '0', CpuQuota: -1 }), []);
});

test('what this host cannot limit is discarded, and said so', () => {
  const weight = 'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.';
  const checked = checkCreate({}, { BlkioWeight: 300 }, FACTS);
  assert.deepEqual(checked.warnings, [weight]);
  assert.equal(checked.hostConfig.BlkioWeight, 0);
  const without = { ...FACTS, limits: { ...FACTS.limits, swap: false, oomKillDisable: false, pids: false } };
  const limited = checkCreate({}, { Memory: 64 * MEGABYTE, OomKillDisable: true, PidsLimit: 5 }, without);
  assert.deepEqual(limited.warnings, [
    'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
  ]);
  assert.equal(limited.hostConfig.MemorySwap, -1);
  assert.deepEqual(warnings({ NetworkMode: 'host', PortBindings: { '80/tcp': [] } }), [
    'Published ports are discarded when using host network mode',
  ]);
  assert.deepEqual(warnings({ Mounts: [{ Type: 'image', Source: 'busybox', Target: '/i' }] }), [
    'Image mount is an experimental feature',
  ]);
});

test('scores, sizes and platforms', () => {
  refuses({ OomScoreAdj: 1001 }, 'Invalid value 1001, range for oom score adj is [-1000, 1000]');
  refuses({ ShmSize: -1 }, 'SHM size can not be less than 0');
  refuses({ IOMaximumIOps: 1 }, 'Invalid QoS settings: linux does not support configuration of maximum IOPs');
  refuses({ Isolation: 'hyperv' }, "invalid isolation (hyperv): linux only supports 'default'");
  refuses({ StorageOpt: { size: 'abc' } }, "invalid size: 'abc'");
  refuses({ StorageOpt: { sise: '10G' } }, 'Unknown option sise');
});

test('restart policies', () => {
  const policy = (Name: string, MaximumRetryCount = 0): HostConfig =>
    ({ RestartPolicy: { Name, MaximumRetryCount } }) as HostConfig;
  const prefix = 'invalid restart policy:';
  refuses(policy('x'), `${prefix} unknown policy 'x'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  refuses(policy('always', 1), `${prefix} maximum retry count can only be used with 'on-failure'`);
  refuses(
    policy('always', -1),
    `${prefix} maximum retry count can only be used with 'on-failure' and cannot be negative`,
  );
  refuses(policy('on-failure', -1), `${prefix} maximum retry count cannot be negative`);
  refuses({ AutoRemove: true, ...policy('on-failure') }, "can't create 'AutoRemove' container with restart policy");
  assert.deepEqual(warnings({ AutoRemove: true, ...policy('no') }), []);
});

test('namespace modes and what they forbid', () => {
  refuses({ IpcMode: 'foo' }, 'invalid IPC mode: foo');
  refuses({ PidMode: 'private' }, 'invalid PID mode: private');
  refuses({ PidMode: 'container:' }, 'invalid PID mode: container:');
  refuses({ UTSMode: 'container:x' }, 'invalid UTS mode: container:x');
  refuses({ NetworkMode: 'container:' }, 'invalid network mode: invalid container format container:<name|id>');
  refuses({ UTSMode: 'host' }, 'conflicting options: hostname and the UTS mode', { Hostname: 'h' });
  const joins = { NetworkMode: 'container:x' };
  refuses(joins, 'conflicting options: hostname and the network mode', { Hostname: 'h' });
  refuses(joins, 'conflicting options: port exposing and the container type network mode', {
    ExposedPorts: { '80/tcp': {} },
  });
  refuses({ ...joins, Dns: ['1.1.1.1'] }, 'conflicting options: dns and the network mode');
  refuses(
    { ...joins, ExtraHosts: ['a:1.1.1.1'] },
    'conflicting options: custom host-to-IP mapping and the network mode',
  );
  refuses(
    { ...joins, PublishAllPorts: true },
    'conflicting options: port publishing and the container type network mode',
  );
  const links = "can't be used with links. This would result in undefined behavior";
  refuses({ ...joins, Links: ['a:b'] }, `conflicting options: container type network ${links}`);
  refuses({ NetworkMode: 'host', Links: ['a:b'] }, `conflicting options: host type networking ${links}`);
  assert.deepEqual(checkCreate({ Hostname: 'h' }, { NetworkMode: 'host' }, FACTS).warnings, []);
});

test('hosts, ports and links', () => {
  refuses({ ExtraHosts: ['foo'] }, 'bad format for add-host: "foo"');
  refuses({ ExtraHosts: [':1.1.1.1'] }, 'bad format for add-host: ":1.1.1.1"');
  refuses({ ExtraHosts: ['foo:bar'] }, 'invalid IP address in add-host: "bar"');
  assert.deepEqual(warnings({ ExtraHosts: ['a:1.1.1.1', 'b:::1', 'c:host-gateway', 'd:[::1]'] }), []);
  const port = (key: string, HostPort: string): HostConfig => ({ PortBindings: { [key]: [{ HostPort }] } });
  for (const [key, hostPort, bad] of [
    ['80', 'x', 'x'],
    ['80/tcp', '70000', '70000'],
    ['x/tcp', '1', 'x'],
    ['80-90/tcp', '1-2', '80-90'],
    ['80/tcp', '81-80', '81-80'],
    ['80/tcp', '-1', '-1'],
  ] as const) {
    refuses(port(key, hostPort), `invalid port specification: "${bad}"`);
  }
  refuses({ Links: ['a:b:c'] }, 'bad format for links: a:b:c');
  refuses({ Links: [''] }, 'empty string specified for links');
});

test('capabilities and security options', () => {
  refuses({ CapAdd: ['foo'] }, 'invalid CapAdd: unknown capability: "CAP_FOO"');
  refuses({ CapDrop: [''] }, 'invalid CapDrop: unknown capability: "CAP_"');
  refuses(
    { CapAdd: ['SYS_RESOURCE'] },
    'invalid CapAdd: capability not supported by your kernel or not available in the current environment: "CAP_SYS_RESOURCE"',
  );
  refuses({ SecurityOpt: ['foo'] }, 'invalid --security-opt 1: "foo"');
  refuses({ SecurityOpt: ['systempaths=foo'] }, 'invalid --security-opt 2: "systempaths=foo"');
  refuses({ SecurityOpt: ['no-new-privileges=x'] }, 'invalid --security-opt 2: "no-new-privileges=x"');
  assert.deepEqual(warnings({ SecurityOpt: ['label:type:x', 'apparmor:unconfined', 'no-new-privileges'] }), []);
});

test('what a container’s own config may not say', () => {
  refuses({}, "the working directory 'rel' is invalid, it needs to be an absolute path", { WorkingDir: 'rel' });
  refuses({}, 'invalid environment variable: =x', { Env: ['=x'] });
  refuses({}, 'invalid environment variable: ', { Env: [''] });
  refuses({}, 'invalid signal: FOO', { StopSignal: 'FOO' });
  refuses({}, 'Interval in Healthcheck cannot be less than 1ms', { Healthcheck: { Interval: 1 } });
  refuses({}, 'Retries in Healthcheck cannot be negative', { Healthcheck: { Retries: -1 } });
  refuses({ Tmpfs: { rel: '' } }, "invalid mount path: 'rel' mount path must be absolute");
  refuses({ Tmpfs: { '/': '' } }, "invalid specification: destination can't be '/'");
  refuses({ Annotations: { '': 'x' } }, 'invalid Annotations: the empty string is not permitted as an annotation key');
});

test('an update is checked as a create is, but may set swap alone', () => {
  assert.throws(() => checkUpdate({ Memory: MEGABYTE }, FACTS), { message: 'Minimum memory limit allowed is 6MB' });
  assert.throws(
    () => checkUpdate({ RestartPolicy: { Name: 'no', MaximumRetryCount: 1 } }, FACTS),
    /maximum retry count/,
  );
  assert.deepEqual(checkUpdate({ MemorySwap: 64 * MEGABYTE }, FACTS).warnings, []);
  assert.equal(checkUpdate({ BlkioWeight: 300 }, FACTS).resources.BlkioWeight, 0);
});
