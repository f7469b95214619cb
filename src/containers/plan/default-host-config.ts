import { MASKED_PATHS, READONLY_PATHS } from '../../runtime/index.ts';
import type { HostConfig, LogConfig, PortMap, Ulimit } from '../../spec/index.ts';
import { shownMounts } from './shown-mounts.ts';

export interface HostConfigDefaults {
  readonly cgroupVersion: 1 | 2;
  readonly defaultRuntime: string;
  /** Size of /dev/shm. */
  readonly shmSizeBytes: number;
  /** Undefined for the default of the cgroup version. */
  readonly cgroupnsMode: 'host' | 'private' | undefined;
  /** Ulimits of containers that do not set them. */
  readonly ulimits: readonly Ulimit[];
  /** The log driver of containers that name none, and its options, which those have that name it. */
  readonly log: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  /** Whether the OOM killer can be switched off (cgroup v1). */
  readonly oomKillDisable: boolean;
}

/**
 * Completes a checked request's host config as inspect shows it: given fields unchanged, omitted fields as dockerd
 * shows them. Omitted lists are null. Given lists stay, even when they are empty, but for links.
 */
export function defaultHostConfig(given: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const { Memory: memory = 0, MemorySwap: swap = 0, PidsLimit: pids } = given;
  const privileged = given.Privileged === true;
  const mode = given.NetworkMode ?? '';
  return {
    ...NOTHING,
    ...present(given),
    LogConfig: logConfig(given.LogConfig, defaults.log),
    NetworkMode: mode === '' || mode === 'default' ? 'bridge' : mode,
    PortBindings: portBindings(given.PortBindings),
    Links: given.Links?.length ? given.Links : null,
    ...(given.Mounts == null ? {} : { Mounts: shownMounts(given.Mounts) }),
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || 'no',
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: given.CgroupnsMode || cgroupnsMode(privileged, defaults),
    IpcMode: given.IpcMode || 'private',
    ShmSize: given.ShmSize || defaults.shmSizeBytes,
    Runtime: given.Runtime || defaults.defaultRuntime,
    MemorySwap: memory > 0 && swap === 0 ? memory * 2 : swap,
    MemorySwappiness: given.MemorySwappiness === -1 ? null : (given.MemorySwappiness ?? null),
    OomKillDisable: defaults.oomKillDisable ? (given.OomKillDisable ?? false) : null,
    PidsLimit: pids != null && pids > 0 ? pids : null,
    SecurityOpt: securityOptions(given, privileged),
    Ulimits: ulimits(given.Ulimits, defaults.ulimits),
    MaskedPaths: privileged ? null : (given.MaskedPaths ?? MASKED_PATHS),
    ReadonlyPaths: privileged ? null : (given.ReadonlyPaths ?? READONLY_PATHS),
  };
}

function logConfig(given: HostConfig['LogConfig'], { driver, options }: HostConfigDefaults['log']): LogConfig {
  const Type = given?.Type || driver;
  return { Type, Config: { ...(Type === driver ? options : {}), ...given?.Config } };
}

/** On cgroup v1 a privileged container uses the host's cgroup namespace, whatever the default. */
function cgroupnsMode(privileged: boolean, { cgroupVersion, cgroupnsMode: wanted }: HostConfigDefaults) {
  if (cgroupVersion === 1 && privileged) return 'host';
  return wanted ?? (cgroupVersion === 2 ? 'private' : 'host');
}

function ulimits(given: HostConfig['Ulimits'], defaults: readonly Ulimit[]): readonly Ulimit[] | null {
  const missing = defaults.filter(({ Name }) => given?.some((limit) => limit.Name === Name) !== true);
  return missing.length === 0 ? (given ?? null) : [...(given ?? []), ...missing];
}

function portBindings(given: PortMap | null | undefined): PortMap | null {
  if (given == null) return null;
  const filled = Object.entries(given).map(([port, bindings]) => [
    port,
    bindings?.map(({ HostIp = '', HostPort = '' }) => ({ HostIp, HostPort })) ?? null,
  ]);
  return Object.fromEntries(filled);
}

/** SELinux cannot confine a container that shares the host's processes or is privileged. */
function securityOptions(given: HostConfig, privileged: boolean): readonly string[] | null {
  const { SecurityOpt: options, PidMode: pid = '', IpcMode: ipc = '' } = given;
  const unconfined = privileged || pid === 'host' || ipc === 'host';
  if (!unconfined || options?.some((option) => option.startsWith('label')) === true) return options ?? null;
  return [...(options ?? []), 'label=disable'];
}

/** The fields that have a value. Go's clients send absent fields as `null`. */
function present(given: HostConfig): HostConfig {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
}

const NOTHING: HostConfig = {
  Binds: null,
  ContainerIDFile: '',
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
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
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};
