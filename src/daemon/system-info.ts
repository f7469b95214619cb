import { readdirSync } from 'node:fs';
import type { Info } from '../api/index.ts';
import { formatNanos } from '../base/time.ts';
import type { ContainersDomain } from '../containers/index.ts';
import { maskProxy, type ProxySettings } from '../distribution/index.ts';
import type { EventLog } from '../events/index.ts';
import { readText } from '../io/index.ts';
import { wallTimeNanos } from '../linux/index.ts';
import { logDriverNames } from '../log-drivers/index.ts';
import type { Networks } from '../network/index.ts';
import type { PluginHost } from '../plugins/index.ts';
import { type HostFacts, readCdiDevices } from '../runtime/index.ts';
import type { ImageStore, Snapshots } from '../store/index.ts';
import type { Config } from './config/config.ts';
import type { LiveConfig } from './config/live-config.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import { fileSystemName, readHostFacts } from './host/host-facts.ts';
import { limitWarnings } from './host/limit-warnings.ts';
import type { Programs } from './host/programs.ts';

export interface SystemInfoDeps {
  readonly settings: LiveConfig;
  readonly proxies: Required<ProxySettings>;
  readonly engineId: string;
  readonly containers: Pick<ContainersDomain, 'counts' | 'logWarnings'>;
  readonly images: Pick<ImageStore, 'list'>;
  readonly networks: Pick<Networks, 'warnings'>;
  readonly plugins: Pick<PluginHost, 'active'>;
  readonly snapshots: Pick<Snapshots, 'driver'>;
  readonly events: Pick<EventLog, 'listeners'>;
  readonly programs: Programs;
  readonly host: HostFacts;
  /** Warnings of the start. `WARNING: ` is added. */
  readonly warnings: readonly string[];
}

/** Returns the body of GET /info, for every version. */
export async function systemInfo(deps: SystemInfoDeps): Promise<Info> {
  const config = deps.settings.current;
  const cdi = await readCdiDevices(config.cdiFolders);
  return {
    ID: deps.engineId,
    ...objectCounts(deps),
    Driver: deps.snapshots.driver,
    DriverStatus: [
      ['Backing Filesystem', fileSystemName(config.dataRoot)],
      ['Supports d_type', 'true'],
    ],
    Plugins: pluginsInfo(deps),
    ...limitsInfo(deps.host),
    IPv4Forwarding: readText('/proc/sys/net/ipv4/ip_forward').trim() === '1',
    BridgeNfIptables: readText('/proc/sys/net/bridge/bridge-nf-call-iptables').trim() === '1',
    BridgeNfIp6tables: readText('/proc/sys/net/bridge/bridge-nf-call-ip6tables').trim() === '1',
    Debug: config.debug,
    NFd: openDescriptors(),
    NGoroutines: 0,
    SystemTime: formatNanos(wallTimeNanos()),
    LoggingDriver: config.log.driver,
    NEventsListener: deps.events.listeners(),
    ...hostInfo(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(config),
    GenericResources: null,
    DockerRootDir: config.dataRoot,
    HttpProxy: maskProxy(deps.proxies.http),
    HttpsProxy: maskProxy(deps.proxies.https),
    NoProxy: deps.proxies.no,
    Labels: config.labels,
    ExperimentalBuild: config.isExperimental,
    ServerVersion: ENGINE_VERSION,
    ...(await programsInfo(deps.programs)),
    Swarm: NO_SWARM,
    LiveRestoreEnabled: true,
    Isolation: '',
    ContainerdCommit: { ID: '' },
    SecurityOptions: securityOptions(deps.host, config),
    CDISpecDirs: config.cdiFolders,
    ...(cdi.devices.size === 0
      ? {}
      : { DiscoveredDevices: [...cdi.devices.keys()].sort().map((ID) => ({ Source: 'cdi', ID })) }),
    FirewallBackend: { Driver: 'nftables' },
    Warnings: warnings(deps, [...limitWarnings(deps.host.limits), ...cdi.errors.map((text) => `CDI: ${text}`)]),
  };
}

function pluginsInfo({ plugins }: Pick<SystemInfoDeps, 'plugins'>): Info['Plugins'] {
  return {
    Volume: ['local', ...plugins.active('VolumeDriver')].sort(),
    Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null', ...plugins.active('NetworkDriver')].sort(),
    Authorization: null,
    Log: logDriverNames(),
  };
}

const NO_SWARM: Info['Swarm'] = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
};

function objectCounts({ containers, images }: Pick<SystemInfoDeps, 'containers' | 'images'>) {
  const { running, paused, stopped } = containers.counts();
  return {
    Containers: running + paused + stopped,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: stopped,
    Images: images.list().length,
  };
}

function limitsInfo({ limits, cgroup }: HostFacts) {
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    KernelMemoryTCP: false,
    CpuCfsPeriod: limits.cpuCfs,
    CpuCfsQuota: limits.cpuCfs,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    OomKillDisable: limits.oomKillDisable,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: cgroup === 'v2' ? ('2' as const) : ('1' as const),
  };
}

function hostInfo() {
  const host = readHostFacts();
  return {
    Name: host.hostname,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux' as const,
    Architecture: host.machine,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
  };
}

async function programsInfo(programs: Programs) {
  const runtimes = Object.entries(await programs.runtimes()).map(([name, { path, args }]) => [
    name,
    args.length === 0 ? { path } : { path, runtimeArgs: args },
  ]);
  return {
    Runtimes: Object.fromEntries(runtimes),
    DefaultRuntime: programs.defaultRuntime,
    InitBinary: programs.init ?? '',
    RuncCommit: { ID: await programs.runtimeVersion() },
    InitCommit: { ID: await programs.initVersion() },
  };
}

function warnings(deps: SystemInfoDeps, cgroup: readonly string[]): readonly string[] | null {
  const ours = [...deps.warnings, ...deps.networks.warnings(), ...deps.containers.logWarnings()].map(
    (text) => `WARNING: ${text}`,
  );
  const all = [...insecureListeners(deps.settings.current), ...cgroup, ...ours];
  return all.length === 0 ? null : all;
}

function insecureListeners(config: Config): readonly string[] {
  return config.hosts.flatMap((host) =>
    host.kind === 'tcp'
      ? [
          `WARNING: API is accessible on http://${host.host}:${host.port} without encryption.\n         Access to the remote API is equivalent to root access on the host.`,
        ]
      : [],
  );
}

function registryConfig(config: Config): Info['RegistryConfig'] {
  const cidrs = config.registry.insecure.filter((host) => host.includes('/'));
  const hosts = config.registry.insecure.filter((host) => !host.includes('/'));
  const mirrors = config.registry.mirrors;
  return {
    InsecureRegistryCIDRs: [...cidrs, '127.0.0.0/8'],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true },
      ...Object.fromEntries(
        hosts.map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }] as const),
      ),
    },
    Mirrors: mirrors,
  };
}

function securityOptions(host: HostFacts, { runDefaults }: Config): readonly string[] {
  return [
    ...(host.apparmor && host.apparmorDefaultProfile ? ['name=apparmor'] : []),
    ...(host.seccomp ? ['name=seccomp,profile=builtin'] : []),
    ...(host.cgroup === 'v2' ? ['name=cgroupns'] : []),
    ...(runDefaults.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}
