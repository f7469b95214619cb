import { posix } from 'node:path';
import { EngineError } from '../../base/errors.ts';
import type { HostConfig, RuntimeSpec, SeccompProfile } from '../../spec/index.ts';
import { specDevices } from './devices.ts';
import { HOST_SHM, type MountsInput, type SpecMount, specMounts } from './mounts.ts';
import { buildProcess, type ProcessInput } from './process.ts';
import { specResources } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import { parseSecurityOptions } from './security-options.ts';

/** All input for a container's config.json. Paths are absolute on the host unless stated otherwise. */
export interface SpecInput extends ProcessInput {
  readonly id: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly rootfs: string;
  readonly mounts: readonly SpecMount[];
  readonly files: MountsInput['files'];
  readonly namespaces: JoinedNamespaces;
  /** Path on the host of a shared IPC namespace's /dev/shm. Undefined when the container has one of its own. */
  readonly shmPath?: string;
  /** Path of the engine's init program, which is mounted as Docker's. Needed when `HostConfig.Init` is set. */
  readonly initPath?: string;
  readonly dataRoot: string;
}

/** Paths of existing namespaces to join. */
export interface JoinedNamespaces {
  /** Undefined for the host's. */
  readonly network: string | undefined;
  readonly pid?: string;
  readonly ipc?: string;
}

const OCI_VERSION = '1.0.2';
const CGROUP_PARENT = '/gantry';
const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;

/**
 * Builds the OCI runtime's configuration of a container, as Docker would write it. Reads device nodes, and reads passwd
 * and group through `readFile`. Changes nothing.
 * @throws EngineError invalid, internal with Docker's texts
 */
export function buildRuntimeSpec(input: SpecInput): RuntimeSpec {
  const { hostConfig, config, facts } = input;
  const privileged = hostConfig.Privileged === true;
  const withInit = hostConfig.Init === true && (hostConfig.PidMode ?? '') === '';
  if (withInit && input.initPath === undefined) {
    throw new EngineError('failed', 'exec: "docker-init": executable file not found in $PATH');
  }
  checkDeviceRequests(hostConfig.DeviceRequests ?? []);
  const process = buildProcess(input, { path: input.path, args: input.args, withInit });
  const { mounts, rootfsPropagation } = specMounts({
    mounts: input.mounts,
    files: input.files,
    privileged,
    writableCgroups: parseSecurityOptions(hostConfig.SecurityOpt ?? []).writableCgroups ?? privileged,
    readOnlyRoot: hostConfig.ReadonlyRootfs === true,
    shm: shmOf(input),
    initPath: withInit ? input.initPath : undefined,
    recursiveReadOnly: facts.recursiveReadOnly,
    dataRoot: input.dataRoot,
  });
  const { devices, rules } = specDevices({
    privileged,
    mappings: hostConfig.Devices ?? [],
    cgroupRules: hostConfig.DeviceCgroupRules ?? [],
  });
  const seccomp = seccompOf(input, process.capabilities?.bounding ?? []);
  const sysctl = sysctlsOf(input);
  const ownUts = hostConfig.UTSMode !== 'host';
  return {
    ociVersion: OCI_VERSION,
    process,
    root: hostConfig.ReadonlyRootfs === true ? { path: input.rootfs, readonly: true } : { path: input.rootfs },
    ...(ownUts ? { hostname: config.Hostname ?? '' } : {}),
    mounts,
    ...annotations(hostConfig),
    linux: {
      namespaces: namespacesOf(input),
      ...(devices.length === 0 ? {} : { devices }),
      cgroupsPath: cgroupsPath(input),
      resources: { devices: rules, ...specResources(hostConfig, facts) },
      ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
      ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
      ...hiddenPaths(hostConfig),
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}

/** Devices of CDI files are injected afterwards. There are no drivers of other kinds. */
function checkDeviceRequests(requests: NonNullable<HostConfig['DeviceRequests']>): void {
  const other = requests.find(({ Driver }) => Driver !== 'cdi');
  if (other === undefined) return;
  const { Driver: driver = '', Capabilities: capabilities } = other;
  const list = (capabilities ?? []).map((names) => `[${names.join(' ')}]`).join(' ');
  throw new EngineError(
    'failed',
    `could not select device driver ${JSON.stringify(driver)} with capabilities: [${list}]`,
  );
}

function namespacesOf({ hostConfig, namespaces }: SpecInput): RuntimeSpec['linux']['namespaces'] {
  const list: RuntimeSpec['linux']['namespaces'][number][] = [{ type: 'mount' }];
  if (namespaces.network !== undefined) list.push({ type: 'network', path: namespaces.network });
  if (hostConfig.UTSMode !== 'host') list.push({ type: 'uts' });
  if (namespaces.pid !== undefined) list.push({ type: 'pid', path: namespaces.pid });
  else if (hostConfig.PidMode !== 'host') list.push({ type: 'pid' });
  if (namespaces.ipc !== undefined) list.push({ type: 'ipc', path: namespaces.ipc });
  else if (hostConfig.IpcMode !== 'host') list.push({ type: 'ipc' });
  if (hostConfig.CgroupnsMode === 'private') list.push({ type: 'cgroup' });
  return list;
}

function shmOf({ hostConfig, shmPath }: SpecInput): MountsInput['shm'] {
  if (hostConfig.IpcMode === 'none') return undefined;
  if (hostConfig.IpcMode === 'host') return { kind: 'bind', path: HOST_SHM };
  if (shmPath !== undefined) return { kind: 'bind', path: shmPath };
  return { kind: 'tmpfs', sizeBytes: hostConfig.ShmSize || DEFAULT_SHM_BYTES };
}

/** A relative parent, or one with `..`, still lies beneath the root of the hierarchy. */
function cgroupsPath({ hostConfig, id }: SpecInput): string {
  return posix.join('/', hostConfig.CgroupParent || CGROUP_PARENT, id);
}

function sysctlsOf({ hostConfig, config, namespaces, facts }: SpecInput): Readonly<Record<string, string>> {
  const ownNetwork = namespaces.network !== undefined && !(hostConfig.NetworkMode ?? '').startsWith('container:');
  return {
    ...(config.Domainname && hostConfig.UTSMode !== 'host' ? { 'kernel.domainname': config.Domainname } : {}),
    ...(ownNetwork && facts.unprivilegedPorts ? { 'net.ipv4.ip_unprivileged_port_start': '0' } : {}),
    ...(ownNetwork && facts.pingGroupRange ? { 'net.ipv4.ping_group_range': '0 2147483647' } : {}),
    ...hostConfig.Sysctls,
  };
}

function seccompOf(input: SpecInput, capabilities: readonly string[]): SeccompProfile | undefined {
  const { facts, hostConfig } = input;
  const { seccomp } = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  if (seccomp === 'unconfined') return undefined;
  if (hostConfig.Privileged === true && seccomp === undefined) return undefined;
  if (!facts.seccomp) {
    if (seccomp !== undefined && seccomp !== 'builtin') {
      throw new EngineError('failed', 'seccomp is not enabled in your kernel, cannot run a custom seccomp profile');
    }
    input.warn?.('seccomp is not enabled in your kernel, running container without default profile');
    return undefined;
  }
  const subject = { capabilities, architecture: facts.architecture, kernel: facts.kernel };
  return seccomp === undefined || seccomp === 'builtin' ? defaultSeccomp(subject) : customSeccomp(seccomp, subject);
}

/** Create has filled these in. A privileged container has none. */
function hiddenPaths(hostConfig: HostConfig): Pick<RuntimeSpec['linux'], 'maskedPaths' | 'readonlyPaths'> {
  const { MaskedPaths: masked, ReadonlyPaths: readonly } = hostConfig;
  return {
    ...(masked == null || masked.length === 0 ? {} : { maskedPaths: masked }),
    ...(readonly == null || readonly.length === 0 ? {} : { readonlyPaths: readonly }),
  };
}

function annotations(hostConfig: HostConfig): Pick<RuntimeSpec, 'annotations'> {
  const { Annotations: given } = hostConfig;
  return given === undefined || Object.keys(given).length === 0 ? {} : { annotations: given };
}
