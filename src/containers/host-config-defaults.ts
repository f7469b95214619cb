import { conflict, invalid } from '../base/errors.ts';
import type { HostConfig } from '../spec/index.ts';

export interface HostConfigDefaults {
  readonly cgroupVersion: 1 | 2;
  readonly defaultRuntime: string;
  readonly logDriver: string;
}

const MASKED = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
const SHM_BYTES = 64 << 20;
const SMALLEST_MEMORY = 6 << 20;

/** The request's host config with dockerd's defaults, as inspect shows it. @throws EngineError invalid, conflict */
export function withDefaults(given: HostConfig, defaults: HostConfigDefaults): HostConfig {
  check(given);
  const mode = given.NetworkMode ?? '';
  const memory = given.Memory ?? 0;
  const privileged = given.Privileged === true;
  const swap = given.MemorySwap ?? 0;
  return {
    ...EMPTY,
    ...withoutUndefined(given),
    LogConfig: { Type: given.LogConfig?.Type || defaults.logDriver, Config: given.LogConfig?.Config ?? {} },
    NetworkMode: mode === '' || mode === 'default' ? 'bridge' : mode,
    PortBindings: given.PortBindings ?? {},
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || 'no',
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: given.CgroupnsMode || (defaults.cgroupVersion === 2 && !privileged ? 'private' : 'host'),
    IpcMode: given.IpcMode || 'private',
    ShmSize: given.ShmSize || SHM_BYTES,
    Runtime: given.Runtime || defaults.defaultRuntime,
    MemorySwap: memory > 0 && swap === 0 ? memory * 2 : swap,
    MemorySwappiness: given.MemorySwappiness === -1 ? null : (given.MemorySwappiness ?? null),
    SecurityOpt: privileged
      ? [...new Set([...(given.SecurityOpt ?? []), 'label=disable'])]
      : (given.SecurityOpt ?? null),
    PidsLimit: (given.PidsLimit ?? 0) === 0 ? null : (given.PidsLimit ?? null),
    MaskedPaths: given.MaskedPaths ?? (privileged ? null : MASKED),
    ReadonlyPaths: given.ReadonlyPaths ?? (privileged ? null : READONLY),
  };
}

const EMPTY: HostConfig = {
  Binds: null,
  ContainerIDFile: '',
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

function check(given: HostConfig): void {
  const memory = given.Memory ?? 0;
  if (memory > 0 && memory < SMALLEST_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  const swap = given.MemorySwap ?? 0;
  if (swap > 0 && memory > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (swap > 0 && memory === 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  const { Name: policy = '', MaximumRetryCount: retries = 0 } = given.RestartPolicy ?? {};
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(policy)) {
    throw invalid(
      `invalid restart policy: unknown policy '${policy}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (retries !== 0 && policy !== 'on-failure') {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  if (given.AutoRemove === true && policy !== '' && policy !== 'no') {
    throw conflict("can't create 'AutoRemove' container with restart policy");
  }
  const driver = given.LogConfig?.Type || 'json-file';
  if (!['json-file', 'none', 'local'].includes(driver)) {
    throw invalid(`logger: no log driver named '${driver}' is registered`);
  }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null)) as T;
}
