import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readText } from '../../io/index.ts';
import { CAPABILITIES, type Capability } from './capabilities.ts';
import { cpuLevel } from './cpu-level.ts';

/** The abilities of the host's kernel and of this process. Gathered once, at the start: see {@link hostFacts}. */
export interface HostFacts {
  /** `hybrid` is v1 with an empty v2 hierarchy beside it. It is used like v1. */
  readonly cgroup: 'v1' | 'v2' | 'hybrid';
  readonly limits: CgroupFeatures;
  /** Docker's name: `amd64`, `arm64`, … */
  readonly architecture: string;
  /** Level of an amd64 CPU from the second level on: `v2`, `v3`, `v4`. */
  readonly architectureLevel?: string;
  readonly kernel: { readonly major: number; readonly minor: number; readonly release: string };
  readonly hostname: string;
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  /** Whether the profile `docker-default` is loaded. */
  readonly apparmorDefaultProfile: boolean;
  /** The capabilities that a container can get: this process's bounding set, in the kernel's order. */
  readonly capabilities: readonly Capability[];
  /** Number of usable CPUs. `onlineCpus` and `memoryNodes` are in the kernel's form (`0-3,7`). */
  readonly cpus: number;
  readonly onlineCpus: string;
  readonly memoryNodes: string;
  readonly memoryBytes: number;
  /** This process's own limits by `RLIMIT_` name. Infinity stands for unlimited. */
  readonly rlimits: ReadonlyMap<string, { readonly soft: number; readonly hard: number }>;
  readonly oomScoreAdj: number;
  /** Whether mount_setattr(2) supports AT_RECURSIVE (Linux 5.12). */
  readonly recursiveReadOnly: boolean;
  /** Whether the sysctls `net.ipv4.ip_unprivileged_port_start` and `net.ipv4.ping_group_range` exist. */
  readonly unprivilegedPorts: boolean;
  readonly pingGroupRange: boolean;
}

/** The limits that the mounted cgroup controllers support. `info` and the warnings of create are based on them. */
export interface CgroupFeatures {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly memoryReservation: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuCfs: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
  readonly devices: boolean;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm',
  arm64: 'arm64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
};

/**
 * Reads /proc and /sys, synchronously, in a few milliseconds. A file that cannot be read counts as absent. `root` is
 * for tests.
 */
export function hostFacts(root = ''): HostFacts {
  const read = (path: string): string => readText(`${root}${path}`);
  const status = read('/proc/self/status');
  const release = read('/proc/sys/kernel/osrelease').trim();
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const cgroup = cgroupMode(read('/proc/self/mountinfo'));
  const level = process.arch === 'x64' ? cpuLevel(read('/proc/cpuinfo')) : undefined;
  const apparmor = read('/sys/module/apparmor/parameters/enabled').startsWith('Y');
  return {
    cgroup,
    limits:
      cgroup === 'v2' ? unifiedFeatures(`${root}/sys/fs/cgroup`) : legacyFeatures(root, read('/proc/self/mountinfo')),
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    ...(level === undefined ? {} : { architectureLevel: level }),
    kernel: { major, minor, release },
    hostname: read('/proc/sys/kernel/hostname').trim(),
    seccomp: /^Seccomp:/m.test(status),
    apparmor,
    apparmorDefaultProfile: apparmor && read('/sys/kernel/security/apparmor/profiles').includes('docker-default '),
    capabilities: boundingSet(status),
    cpus: availableParallelism(),
    onlineCpus: read('/sys/devices/system/cpu/online').trim(),
    memoryNodes: read('/sys/devices/system/node/online').trim() || '0',
    memoryBytes: 1024 * Number(/^MemTotal:\s+(\d+)/m.exec(read('/proc/meminfo'))?.[1] ?? 0),
    rlimits: parseLimits(read('/proc/self/limits')),
    oomScoreAdj: Number.parseInt(read('/proc/self/oom_score_adj'), 10) || 0,
    recursiveReadOnly: major > 5 || (major === 5 && minor >= 12),
    unprivilegedPorts: read('/proc/sys/net/ipv4/ip_unprivileged_port_start') !== '',
    pingGroupRange: read('/proc/sys/net/ipv4/ping_group_range') !== '',
  };
}

function entries(path: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(path));
  } catch {
    return new Set();
  }
}

function cgroupMode(mountinfo: string): HostFacts['cgroup'] {
  const types = cgroupMounts(mountinfo);
  const unified = types.some((mount) => mount.type === 'cgroup2');
  const legacy = types.some((mount) => mount.type === 'cgroup' && !mount.options.includes('name=systemd'));
  if (!legacy) return 'v2';
  return unified ? 'hybrid' : 'v1';
}

interface CgroupMount {
  readonly type: string;
  readonly path: string;
  readonly options: readonly string[];
}

/** The mount points below /sys/fs/cgroup, from proc_pid_mountinfo(5). */
function cgroupMounts(mountinfo: string): readonly CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const path = before?.split(' ')[4];
    const [type, , options] = after?.split(' ') ?? [];
    if (path === undefined || type === undefined || !path.startsWith('/sys/fs/cgroup')) continue;
    if (type === 'cgroup' || type === 'cgroup2') mounts.push({ type, path, options: options?.split(',') ?? [] });
  }
  return mounts;
}

function legacyFeatures(root: string, mountinfo: string): CgroupFeatures {
  const mounts = cgroupMounts(mountinfo).filter((mount) => mount.type === 'cgroup');
  const files = (controller: string): ReadonlySet<string> => {
    const mount = mounts.find((candidate) => candidate.options.includes(controller));
    return mount === undefined ? new Set() : entries(`${root}${mount.path}`);
  };
  const memory = files('memory');
  const cpu = files('cpu');
  const blkio = files('blkio');
  return {
    memory: memory.has('memory.limit_in_bytes') || memory.has('memory.usage_in_bytes'),
    swap: memory.has('memory.memsw.limit_in_bytes'),
    memoryReservation: memory.has('memory.soft_limit_in_bytes'),
    swappiness: memory.has('memory.swappiness'),
    oomKillDisable: memory.has('memory.oom_control'),
    cpuShares: cpu.has('cpu.shares'),
    cpuCfs: cpu.has('cpu.cfs_quota_us'),
    cpuRealtime: cpu.has('cpu.rt_period_us'),
    cpuset: files('cpuset').has('cpuset.cpus'),
    pids: mounts.some((mount) => mount.options.includes('pids')),
    blkioWeight: blkio.has('blkio.weight') || blkio.has('blkio.bfq.weight'),
    blkioWeightDevice: blkio.has('blkio.weight_device') || blkio.has('blkio.bfq.weight_device'),
    blkioThrottle: blkio.has('blkio.throttle.read_bps_device'),
    devices: mounts.some((mount) => mount.options.includes('devices')),
  };
}

/** The unified hierarchy supports soft limits and swap whenever it has `memory`, and cannot disable the OOM killer. */
function unifiedFeatures(path: string): CgroupFeatures {
  const controllers = new Set(readText(`${path}/cgroup.controllers`).trim().split(' '));
  const memory = controllers.has('memory');
  const cpu = controllers.has('cpu');
  const io = controllers.has('io');
  return {
    memory,
    swap: memory,
    memoryReservation: memory,
    swappiness: false,
    oomKillDisable: false,
    cpuShares: cpu,
    cpuCfs: cpu,
    cpuRealtime: false,
    cpuset: controllers.has('cpuset'),
    pids: controllers.has('pids'),
    blkioWeight: io,
    blkioWeightDevice: io,
    blkioThrottle: io,
    devices: true,
  };
}

function boundingSet(status: string): readonly Capability[] {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return CAPABILITIES.filter((_, bit) => (((bounding & effective) >> BigInt(bit)) & 1n) === 1n);
}

/** Rows of /proc/self/limits that `--ulimit` can name. */
const LIMIT_ROWS: Readonly<Record<string, string>> = {
  'Max cpu time': 'RLIMIT_CPU',
  'Max file size': 'RLIMIT_FSIZE',
  'Max data size': 'RLIMIT_DATA',
  'Max stack size': 'RLIMIT_STACK',
  'Max core file size': 'RLIMIT_CORE',
  'Max resident set': 'RLIMIT_RSS',
  'Max processes': 'RLIMIT_NPROC',
  'Max open files': 'RLIMIT_NOFILE',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max address space': 'RLIMIT_AS',
  'Max file locks': 'RLIMIT_LOCKS',
  'Max pending signals': 'RLIMIT_SIGPENDING',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
  'Max nice priority': 'RLIMIT_NICE',
  'Max realtime priority': 'RLIMIT_RTPRIO',
  'Max realtime timeout': 'RLIMIT_RTTIME',
};

function parseLimits(text: string): HostFacts['rlimits'] {
  const limits = new Map<string, { soft: number; hard: number }>();
  for (const line of text.split('\n')) {
    const match = /^(Max .+?)\s{2,}(\d+|unlimited)\s+(\d+|unlimited)/.exec(line);
    const name = match === null ? undefined : LIMIT_ROWS[match[1]!];
    if (name !== undefined) limits.set(name, { soft: limitOf(match![2]!), hard: limitOf(match![3]!) });
  }
  return limits;
}

function limitOf(text: string): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}
