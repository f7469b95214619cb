import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig, ExecConfig, HostConfig, RuntimeSpec } from '../../spec/index.ts';
import { buildRuntimeSpec, type SpecInput } from './build-spec.ts';
import { CAPABILITIES } from './capabilities.ts';
import type { HostFacts } from './host-facts.ts';
import type { SpecMount } from './mounts.ts';
import { buildExecProcess } from './process.ts';
import { stringifyProcess, stringifySpec } from './stringify.ts';

const everything = {
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
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
  devices: true,
};

const FACTS: HostFacts = {
  cgroup: 'v1',
  limits: everything,
  architecture: 'amd64',
  kernel: { major: 6, minor: 1, release: '6.1.0' },
  hostname: 'host',
  seccomp: true,
  apparmor: false,
  apparmorDefaultProfile: false,
  capabilities: CAPABILITIES,
  cpus: 2,
  onlineCpus: '0-1',
  memoryNodes: '0',
  memoryBytes: 1 << 30,
  rlimits: new Map([
    ['RLIMIT_NOFILE', { soft: 1024, hard: 4096 }],
    ['RLIMIT_CORE', { soft: 0, hard: Infinity }],
  ]),
  oomScoreAdj: 0,
  recursiveReadOnly: true,
  unprivilegedPorts: true,
  pingGroupRange: true,
};
const WITHOUT_SYS_RESOURCE = CAPABILITIES.filter((name) => name !== 'CAP_SYS_RESOURCE');
const ID = 'a'.repeat(64);

interface Request {
  readonly config?: ContainerConfig;
  readonly host?: HostConfig;
  readonly facts?: Partial<HostFacts>;
  readonly mounts?: readonly SpecMount[];
  readonly more?: Partial<SpecInput>;
}

function input({ config, host, facts, mounts, more }: Request = {}): SpecInput {
  return {
    id: ID,
    path: 'sleep',
    args: ['1000'],
    config: { Hostname: 'aaaaaaaaaaaa', ...config },
    hostConfig: { MaskedPaths: ['/proc/kcore'], ReadonlyPaths: ['/proc/sys'], ...host },
    facts: { ...FACTS, ...facts },
    readFile: () => undefined,
    rootfs: '/data/rootfs',
    mounts: mounts ?? [],
    files: { hostname: '/c/hostname', hosts: '/c/hosts', resolvConf: '/c/resolv.conf' },
    namespaces: { network: '/run/netns/x' },
    dataRoot: '/data',
    ...more,
  };
}

function build(request: Request = {}): RuntimeSpec {
  return buildRuntimeSpec(input(request));
}

function mountAt(spec: RuntimeSpec, destination: string): unknown {
  const { destination: _, ...mount } = spec.mounts.find((one) => one.destination === destination) ?? { destination };
  return mount;
}

/** As in the config.json that dockerd 28.5 wrote for `docker run busybox sleep 1000`. HOME is added there by the runtime. */
test('a plain container has the process, mounts and namespaces that dockerd gives it', () => {
  const spec = build();
  assert.deepEqual(spec.process.args, ['sleep', '1000']);
  assert.deepEqual(spec.process.env, [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOSTNAME=aaaaaaaaaaaa',
    'HOME=/',
  ]);
  assert.deepEqual(spec.process.user, { uid: 0, gid: 0, additionalGids: [0] });
  assert.equal(spec.process.cwd, '/');
  const capabilities =
    'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
      .split(' ')
      .map((name) => `CAP_${name}`);
  assert.deepEqual(spec.process.capabilities, {
    bounding: capabilities,
    effective: capabilities,
    permitted: capabilities,
  });
  assert.deepEqual(
    spec.mounts.map(({ destination, options }) => `${destination} ${options?.join()}`),
    [
      '/proc nosuid,noexec,nodev',
      '/dev nosuid,strictatime,mode=755,size=65536k',
      '/dev/pts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5',
      '/sys nosuid,noexec,nodev,ro',
      '/sys/fs/cgroup ro,nosuid,noexec,nodev',
      '/dev/mqueue nosuid,noexec,nodev',
      '/dev/shm nosuid,noexec,nodev,mode=1777,size=67108864',
      '/etc/resolv.conf rbind,rprivate',
      '/etc/hostname rbind,rprivate',
      '/etc/hosts rbind,rprivate',
    ],
  );
  assert.deepEqual(spec.linux.namespaces, [
    { type: 'mount' },
    { type: 'network', path: '/run/netns/x' },
    { type: 'uts' },
    { type: 'pid' },
    { type: 'ipc' },
  ]);
  assert.equal(spec.linux.cgroupsPath, `/gantry/${ID}`);
  assert.deepEqual(spec.linux.sysctl, {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': '0 2147483647',
  });
  assert.deepEqual(spec.linux.maskedPaths, ['/proc/kcore']);
  assert.equal(spec.linux.seccomp?.defaultAction, 'SCMP_ACT_ERRNO');
  assert.equal(spec.hostname, 'aaaaaaaaaaaa');
});

test('capabilities are added and dropped by any spelling, ALL included', () => {
  const bounding = (host: HostConfig): readonly string[] => build({ host }).process.capabilities?.bounding ?? [];
  assert.deepEqual(bounding({ CapDrop: ['all'], CapAdd: ['net_admin', 'CAP_CHOWN'] }), ['CAP_CHOWN', 'CAP_NET_ADMIN']);
  assert.deepEqual(
    bounding({ CapAdd: ['ALL'], CapDrop: ['CAP_SYS_ADMIN'] }),
    CAPABILITIES.filter((name) => name !== 'CAP_SYS_ADMIN'),
  );
  const added = bounding({ CapAdd: ['SYS_PTRACE'], CapDrop: ['MKNOD'] });
  assert.equal(added.length, 14);
  assert.ok(added.includes('CAP_SYS_PTRACE') && !added.includes('CAP_MKNOD'));
  assert.throws(() => bounding({ CapAdd: ['foo'] }), { message: 'invalid CapAdd: unknown capability: "CAP_FOO"' });
});

test('a privileged container has every capability and device, no filter, and writable /sys and cgroups', () => {
  const spec = build({ host: { Privileged: true, MaskedPaths: null, ReadonlyPaths: null } });
  assert.deepEqual(spec.process.capabilities?.bounding, CAPABILITIES);
  assert.equal(spec.linux.seccomp, undefined);
  assert.equal(spec.linux.maskedPaths, undefined);
  assert.deepEqual(mountAt(spec, '/sys'), { type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev'] });
  assert.deepEqual(spec.linux.resources?.devices, [{ allow: true, access: 'rwm' }]);
  const zero = spec.linux.devices?.find(({ path }) => path === '/dev/zero');
  assert.deepEqual([zero?.type, zero?.major, zero?.minor], ['c', 1, 5]);
  assert.equal(
    spec.linux.devices?.some(({ path }) => path.startsWith('/dev/pts/')),
    false,
  );
});

test('namespaces are the host’s, joined or private as the modes say', () => {
  const types = (host: HostConfig, more: Partial<SpecInput> = {}): string =>
    build({ host, more })
      .linux.namespaces.map(({ type, path }) => (path === undefined ? type : `${type}=${path}`))
      .join();
  const hostNetwork = { namespaces: { network: undefined } };
  assert.equal(types({ PidMode: 'host', IpcMode: 'host', UTSMode: 'host', NetworkMode: 'host' }, hostNetwork), 'mount');
  assert.equal(types({ CgroupnsMode: 'private' }).endsWith(',cgroup'), true);
  const joined = { namespaces: { network: '/n', pid: '/proc/7/ns/pid', ipc: '/proc/7/ns/ipc' } };
  const modes = { PidMode: 'container:x', IpcMode: 'container:x', NetworkMode: 'container:x' };
  assert.equal(types(modes, joined), 'mount,network=/n,uts,pid=/proc/7/ns/pid,ipc=/proc/7/ns/ipc');
  const spec = build({ host: { ...modes, UTSMode: 'host' }, more: joined });
  assert.equal(spec.hostname, undefined);
  assert.equal(spec.linux.sysctl, undefined);
});

test('/dev/shm follows the IPC mode', () => {
  assert.deepEqual(mountAt(build({ host: { IpcMode: 'none' } }), '/dev/shm'), {});
  const bound = { type: 'bind', source: '/dev/shm', options: ['rbind', 'rprivate'] };
  assert.deepEqual(mountAt(build({ host: { IpcMode: 'host' } }), '/dev/shm'), bound);
  const shared = build({ host: { IpcMode: 'shareable' }, more: { shmPath: '/c/shm' } });
  const flags = ['nosuid', 'noexec', 'nodev'];
  assert.deepEqual(mountAt(shared, '/dev/shm'), {
    ...bound,
    source: '/c/shm',
    options: ['rbind', ...flags, 'rprivate'],
  });
});

test('limits become cgroup settings; what is not limited is absent', () => {
  const { resources } = build({
    host: {
      Memory: 64 << 20,
      MemorySwap: 128 << 20,
      MemoryReservation: 32 << 20,
      NanoCpus: 500_000_000,
      CpuShares: 512,
      CpusetCpus: '0-1',
      PidsLimit: 50,
    },
  }).linux;
  assert.deepEqual(resources?.memory, { limit: 64 << 20, reservation: 32 << 20, swap: 128 << 20 });
  assert.deepEqual(resources?.cpu, { shares: 512, quota: 50_000, period: 100_000, cpus: '0-1' });
  assert.deepEqual(resources?.pids, { limit: 50 });
  const none = build().linux.resources;
  assert.deepEqual(Object.keys(none ?? {}), ['devices']);
  const v2 = build({
    host: { Memory: 64 << 20, MemorySwappiness: 10, OomKillDisable: true },
    facts: { limits: { ...everything, swappiness: false, oomKillDisable: false } },
  });
  assert.deepEqual(v2.linux.resources?.memory, { limit: 64 << 20 });
});

test('devices bring their node and the right to it; rules are read with wildcards', () => {
  const { resources, devices } = build({
    host: {
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/xnull', CgroupPermissions: 'r' }],
      DeviceCgroupRules: ['c 42:* rmw'],
    },
  }).linux;
  assert.deepEqual(devices, [{ path: '/dev/xnull', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 }]);
  assert.deepEqual(resources?.devices?.slice(-2), [
    { allow: true, type: 'c', major: 1, minor: 3, access: 'r' },
    { allow: true, type: 'c', major: 42, access: 'rmw' },
  ]);
  const refuse = (host: HostConfig, message: string): void => assert.throws(() => build({ host }), { message });
  const device = 'error gathering device information while adding custom device';
  refuse({ Devices: [{ PathOnHost: '/nope' }] }, `${device} "/nope": no such file or directory`);
  refuse({ Devices: [{ PathOnHost: '/etc/passwd' }] }, `${device} "/etc/passwd": not a device node`);
  refuse({ DeviceCgroupRules: ['c 1:3'] }, "invalid device cgroup rule format: 'c 1:3'");
  refuse(
    { DeviceRequests: [{ Capabilities: [['gpu']] }] },
    'could not select device driver "" with capabilities: [[gpu]]',
  );
});

test('without CAP_SYS_RESOURCE limits are lowered to what the host has, and said so', () => {
  const warnings: string[] = [];
  const request: Request = {
    host: {
      Ulimits: [
        { Name: 'nofile', Soft: -1, Hard: -1 },
        { Name: 'core', Soft: 0, Hard: -1 },
      ],
      OomScoreAdj: -500,
    },
    facts: { capabilities: WITHOUT_SYS_RESOURCE },
    more: { warn: (text) => warnings.push(text) },
  };
  const { process } = build(request);
  assert.deepEqual(process.rlimits, [
    { type: 'RLIMIT_NOFILE', hard: 4096, soft: 4096 },
    { type: 'RLIMIT_CORE', hard: Infinity, soft: 0 },
  ]);
  assert.equal(process.oomScoreAdj, 0);
  assert.equal(warnings.length, 2);
  const allowed = build({ ...request, facts: {} }).process;
  assert.equal(allowed.oomScoreAdj, -500);
  assert.equal(allowed.rlimits?.[0]?.hard, Infinity);
});

test('an unlimited rlimit is written as the 64-bit number that the runtimes read', () => {
  const spec = build({ host: { Ulimits: [{ Name: 'core', Soft: -1, Hard: -1 }] } });
  assert.ok(stringifySpec(spec).includes('"hard":18446744073709551615,"soft":18446744073709551615'));
  assert.ok(stringifyProcess(spec.process).includes('"hard":18446744073709551615'));
});

test('what is written is what was built, with and without a filter', () => {
  for (const host of [{}, { SecurityOpt: ['seccomp=unconfined'] }, { Privileged: true }]) {
    const spec = build({ host });
    assert.deepEqual(JSON.parse(stringifySpec(spec)), JSON.parse(JSON.stringify(spec)));
  }
});

test('security options: no new privileges, an own filter, none at all', () => {
  assert.equal(build({ host: { SecurityOpt: ['no-new-privileges'] } }).process.noNewPrivileges, true);
  assert.equal(build({ host: { SecurityOpt: ['no-new-privileges:false'] } }).process.noNewPrivileges, undefined);
  assert.equal(build({ host: { SecurityOpt: ['seccomp=unconfined'] } }).linux.seccomp, undefined);
  const own = build({ host: { Privileged: true, SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_LOG"}'] } });
  assert.equal(own.linux.seccomp?.defaultAction, 'SCMP_ACT_LOG');
  const without = { facts: { seccomp: false } };
  assert.equal(build(without).linux.seccomp, undefined);
  assert.throws(
    () => build({ ...without, host: { SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_LOG"}'] } }),
    /seccomp is not enabled in your kernel, cannot run a custom seccomp profile/,
  );
});

test('AppArmor confines where it is there and its profile is loaded', () => {
  const profile = (request: Request): string | undefined => build(request).process.apparmorProfile;
  const on = { facts: { apparmor: true, apparmorDefaultProfile: true } };
  assert.equal(profile({}), undefined);
  assert.equal(profile(on), 'docker-default');
  assert.equal(profile({ ...on, host: { SecurityOpt: ['apparmor=mine'] } }), 'mine');
  assert.equal(profile({ ...on, host: { Privileged: true } }), 'unconfined');
  assert.equal(profile({ facts: { apparmor: true } }), undefined);
});

test('a user’s mount takes the place of a default one; below /dev all of them', () => {
  const bind: SpecMount = {
    type: 'bind',
    source: '/src',
    destination: '/etc/hosts',
    readOnly: false,
    propagation: 'rprivate',
  };
  const spec = build({
    mounts: [bind, { ...bind, destination: '/dev' }, { ...bind, destination: '/a/b' }, { ...bind, destination: '/a' }],
  });
  assert.deepEqual(
    spec.mounts.map(({ destination }) => destination),
    ['/proc', '/sys', '/sys/fs/cgroup', '/dev', '/a', '/etc/hosts', '/a/b', '/etc/resolv.conf', '/etc/hostname'],
  );
});

test('binds are read-only to their depth where the kernel can, and as they say', () => {
  const bind: SpecMount = { type: 'bind', source: '/src', destination: '/b', readOnly: true, propagation: 'rprivate' };
  const options = (mount: Partial<SpecMount>, facts: Partial<HostFacts> = {}): unknown =>
    (mountAt(build({ mounts: [{ ...bind, ...mount }], facts }), '/b') as { options: string[] }).options.join();
  assert.equal(options({}), 'rbind,rro,rprivate');
  assert.equal(options({}, { recursiveReadOnly: false }), 'rbind,ro,rprivate');
  assert.equal(options({ readOnlyBelow: 'no' }), 'rbind,ro,rprivate');
  assert.equal(options({ nonRecursive: true, readOnly: false }), 'bind,private');
  assert.equal(options({ type: 'volume', propagation: '', readOnly: false }), 'rbind');
  assert.throws(() => options({ readOnlyBelow: 'forced' }, { recursiveReadOnly: false }), /5.12/);
});

test('a tmpfs has Docker’s options with the user’s over them, and no others', () => {
  const tmpfs: SpecMount = { type: 'tmpfs', source: '', destination: '/t', readOnly: false, propagation: '' };
  const options = (given: readonly string[], readOnly = false): string =>
    (
      mountAt(build({ mounts: [{ ...tmpfs, readOnly, options: given }] }), '/t') as { options: string[] }
    ).options.join();
  assert.equal(options([]), 'noexec,nosuid,nodev,rprivate');
  assert.equal(options(['size=10m', 'mode=700']), 'noexec,nosuid,nodev,rprivate,size=10m,mode=700');
  assert.equal(options(['exec', 'size=1', 'size=2'], true), 'nosuid,nodev,rprivate,exec,size=2,ro');
  for (const bad of ['bogus', 'nosuch=1', 'constructor', 'size']) {
    assert.throws(() => options([bad]), { kind: 'invalid', message: `invalid tmpfs option "${bad}"` });
  }
});

test('--init runs the command under the init that is mounted', () => {
  const spec = build({ host: { Init: true }, more: { initPath: '/usr/bin/tini' } });
  assert.deepEqual(spec.process.args, ['/sbin/docker-init', '--', 'sleep', '1000']);
  assert.deepEqual(mountAt(spec, '/sbin/docker-init'), {
    type: 'bind',
    source: '/usr/bin/tini',
    options: ['bind', 'ro'],
  });
  assert.deepEqual(build({ host: { Init: true, PidMode: 'host' } }).process.args, ['sleep', '1000']);
  assert.throws(() => build({ host: { Init: true } }), /"docker-init": executable file not found/);
});

test('a parent of the cgroup stays beneath the root', () => {
  const path = (parent: string): string | undefined => build({ host: { CgroupParent: parent } }).linux.cgroupsPath;
  assert.equal(path('/foo'), `/foo/${ID}`);
  assert.equal(path('foo/bar'), `/foo/bar/${ID}`);
  assert.equal(path('../../x'), `/x/${ID}`);
});

test('an empty HOME is the user’s home folder, in run and exec, after all other variables', () => {
  const config = { Env: ['HOME=', 'A=1'] };
  const defaults = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOSTNAME=aaaaaaaaaaaa'];
  assert.deepEqual(build({ config }).process.env, [...defaults, 'A=1', 'HOME=/']);
  const env = (own: readonly string[]) => buildExecProcess(input({ config }), { Cmd: ['env'], Env: own }).env;
  assert.deepEqual(env([]), [...defaults, 'A=1', 'HOME=/']);
  assert.deepEqual(env(['HOME=']), [...defaults, 'A=1', 'HOME=/']);
  assert.deepEqual(env(['HOME=/x']), [...defaults, 'HOME=/x', 'A=1']);
});

test('the environment of the container comes over the defaults; an exec’s over both; a bare name removes', () => {
  const config = { Env: ['A=1', 'PATH=/bin', 'B=2'], Tty: true, WorkingDir: '/w', User: '5' };
  const { process } = build({ config });
  assert.deepEqual(process.env, ['PATH=/bin', 'HOSTNAME=aaaaaaaaaaaa', 'TERM=xterm', 'A=1', 'B=2', 'HOME=/']);
  const exec: ExecConfig = { Cmd: ['env'], Env: ['A=3', 'B'], Privileged: true };
  const run = buildExecProcess(input({ config }), exec);
  assert.deepEqual(run.env, ['PATH=/bin', 'HOSTNAME=aaaaaaaaaaaa', 'A=3', 'HOME=/']);
  assert.equal(run.terminal, false);
  assert.equal(run.cwd, '/w');
  assert.equal(run.user.uid, 5);
  assert.deepEqual(run.capabilities?.bounding, CAPABILITIES);
  const other = buildExecProcess(input({ config }), {
    Cmd: ['id'],
    User: '7:8',
    WorkingDir: '/x',
    Tty: true,
    ConsoleSize: [24, 80],
  });
  assert.deepEqual(
    [other.user.uid, other.user.gid, other.cwd, other.consoleSize],
    [7, 8, '/x', { height: 24, width: 80 }],
  );
});
