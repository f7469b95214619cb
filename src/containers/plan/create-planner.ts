import { hostname } from 'node:os';
import { invalid } from '../../base/errors.ts';
import { checkLogConfig } from '../../log-drivers/index.ts';
import type { HostFacts } from '../../runtime/index.ts';
import {
  type ContainerConfig,
  type CreateContainerBody,
  type EndpointSettings,
  type HostConfig,
  parsePlatform,
  trafficOption,
} from '../../spec/index.ts';
import type { ImageStore } from '../../store/index.ts';
import type { ContainerPlan, Planner } from '../model/planner.ts';
import type { CreateContainer } from '../model/requests.ts';
import { joinedContainer } from '../relations/join-namespaces.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import { cleanWorkdir } from './check-config.ts';
import { checkCreate, checkUpdate } from './check-create.ts';
import { defaultHostConfig, type HostConfigDefaults } from './default-host-config.ts';
import { mergeConfig } from './merge-config.ts';
import { planMounts } from './plan-mounts.ts';
import { hostPlatform, platformWarnings } from './platform-warnings.ts';
import { randomName } from './random-name.ts';

export interface PlannerDeps {
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly table: Pick<ContainerTable, 'resolve' | 'find'>;
  readonly defaults: HostConfigDefaults;
  readonly facts: HostFacts;
  readonly dataRoot: string;
  /** Whether an OCI runtime is known by this name. */
  readonly isRuntime: (name: string) => boolean;
}

export function createPlanner(deps: PlannerDeps): Planner {
  return {
    plan: (request) => plan(deps, request),
    checkUpdate: (change) => checkUpdate(change, deps.facts),
    randomName,
  };
}

function plan(deps: PlannerDeps, { body, platform, writableSubmounts = false }: CreateContainer): ContainerPlan {
  const { HostConfig: givenHost = {}, NetworkingConfig: networking, ...given } = body;
  const ref = given.Image ?? '';
  // Without a command the merge below says so, before anything else is wrong.
  if (ref === '') mergeConfig(given, {});
  checkRuntime(deps, givenHost?.Runtime ?? '');
  const checked = checkCreate(given, givenHost ?? {}, deps.facts);
  const asked = platform === '' ? undefined : parsePlatform(platform);
  const image = ref === '' ? undefined : deps.images.resolve(ref, asked);
  const merged = mergeConfig(withConfigDefaults(given), image?.config.config ?? {});
  const hostConfig = withoutUselessLinks(joinContainers(deps, defaultHostConfig(checked.hostConfig, deps.defaults)));
  checkLogConfig(hostConfig.LogConfig ?? {});
  const [path = '', ...args] = [...(merged.Entrypoint ?? []), ...(merged.Cmd ?? [])];
  const { os, architecture, variant } = image?.config ?? hostPlatform(deps.facts);
  const imagePlatform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return {
    image,
    path,
    args,
    config: merged,
    hostname: hostnameOf(deps, given, hostConfig),
    hostConfig,
    networks: endpoints(given, hostConfig, networking),
    mounts: planMounts({
      config: merged,
      hostConfig,
      mountsOf: (container) => deps.table.resolve(container).record.mounts,
      imageOf: (ref) => {
        const { id, config } = deps.images.resolve(ref);
        return { id, diffIds: config.rootfs.diff_ids };
      },
      dataRoot: deps.dataRoot,
      writableSubmounts,
    }),
    platform: imagePlatform,
    warnings: [...checked.warnings, ...(platform === '' ? platformWarnings(imagePlatform, deps.facts) : [])],
  };
}

/** Checks that the OCI runtime is known. @throws EngineError invalid */
function checkRuntime({ isRuntime }: PlannerDeps, name: string): void {
  if (name !== '' && !isRuntime(name)) throw invalid(`unknown or invalid runtime name: ${name}`);
}

/** Fills in omitted fields as inspect shows them. */
function withConfigDefaults(given: ContainerConfig): ContainerConfig {
  return {
    Hostname: '',
    Domainname: given.Domainname ?? '',
    User: '',
    AttachStdin: given.AttachStdin === true,
    AttachStdout: given.AttachStdout === true,
    AttachStderr: given.AttachStderr === true,
    Tty: given.Tty === true,
    OpenStdin: given.OpenStdin === true,
    StdinOnce: given.StdinOnce === true,
    Image: given.Image ?? '',
    ...(given.ExposedPorts == null ? {} : { ExposedPorts: given.ExposedPorts }),
    ...(given.Env == null ? {} : { Env: given.Env }),
    ...(given.Cmd == null ? {} : { Cmd: given.Cmd }),
    ...(given.Entrypoint == null ? {} : { Entrypoint: given.Entrypoint }),
    ...(given.Healthcheck == null ? {} : { Healthcheck: given.Healthcheck }),
    ...(given.Volumes == null ? {} : { Volumes: given.Volumes }),
    ...(given.Labels == null ? {} : { Labels: given.Labels }),
    ...(given.User === undefined ? {} : { User: given.User }),
    ...(given.WorkingDir === undefined ? {} : { WorkingDir: cleanWorkdir(given.WorkingDir) }),
    ...(given.NetworkDisabled === true ? { NetworkDisabled: true } : {}),
    ...(given.StopSignal ? { StopSignal: given.StopSignal } : {}),
    ...(given.StopTimeout === undefined || given.StopTimeout === null ? {} : { StopTimeout: given.StopTimeout }),
    ...(given.Shell == null ? {} : { Shell: given.Shell }),
    ...(given.MacAddress ? { MacAddress: given.MacAddress } : {}),
  };
}

/**
 * Stores joined containers by id, since their names may change. The start checks whether the container of a joined
 * network exists.
 * @throws EngineError invalid when another container does not exist. It is not `notFound`: clients would pull the image
 */
function joinContainers(deps: PlannerDeps, hostConfig: HostConfig): HostConfig {
  const existing = (mode: string | undefined): string => {
    const ref = joinedContainer(mode);
    if (ref === undefined) return mode ?? '';
    const entry = deps.table.find(ref);
    if (entry === undefined) throw invalid(`No such container: ${ref}`);
    return `container:${entry.id}`;
  };
  const network = joinedContainer(hostConfig.NetworkMode);
  return {
    ...hostConfig,
    NetworkMode:
      network === undefined ? (hostConfig.NetworkMode ?? '') : `container:${deps.table.find(network)?.id ?? network}`,
    PidMode: existing(hostConfig.PidMode),
    IpcMode: existing(hostConfig.IpcMode),
  };
}

function hostnameOf(deps: PlannerDeps, given: ContainerConfig, hostConfig: HostConfig): string | undefined {
  if (given.Hostname) return given.Hostname;
  const joined = joinedContainer(hostConfig.NetworkMode);
  if (joined !== undefined) return deps.table.find(joined)?.record.config.Hostname;
  return hostConfig.NetworkMode === 'host' ? hostname() : undefined;
}

/** On networks of users links belong to endpoints (`EndpointSettings.Links`). Docker drops all others there. */
function withoutUselessLinks(hostConfig: HostConfig): HostConfig {
  const mode = hostConfig.NetworkMode ?? 'bridge';
  const isBuiltIn = ['', 'default', 'bridge', 'host', 'none'].includes(mode) || joinedContainer(mode) !== undefined;
  return isBuiltIn ? hostConfig : { ...hostConfig, Links: null };
}

/** The networks that the client names. A container that shares another's namespace joins none. */
function endpoints(
  given: ContainerConfig,
  hostConfig: HostConfig,
  networking: CreateContainerBody['NetworkingConfig'],
): Readonly<Record<string, EndpointSettings>> {
  const mode = hostConfig.NetworkMode ?? 'bridge';
  if (mode === 'host' || mode === 'none' || joinedContainer(mode) !== undefined) {
    const asked = networking?.EndpointsConfig?.[mode] ?? {};
    refuseAddresses(mode, asked);
    refuseLimits(mode, asked);
  }
  if (joinedContainer(mode) !== undefined) return {};
  const result = new Map<string, EndpointSettings>();
  for (const [name, settings] of Object.entries(networking?.EndpointsConfig ?? {})) {
    if (settings === null) throw invalid(`invalid config for network ${name}: EndpointsConfig is nil`);
    const network = name === 'default' ? 'bridge' : name;
    result.set(network, withoutEmpty(settings));
  }
  if (given.MacAddress && mode !== 'host' && mode !== 'none')
    result.set(mode, { ...result.get(mode), MacAddress: given.MacAddress });
  return Object.fromEntries(result);
}

/** Modes without a network of their own have no addresses. @throws EngineError invalid, in Docker's words */
function refuseAddresses(mode: string, { IPAMConfig }: EndpointSettings): void {
  if (!IPAMConfig?.IPv4Address && !IPAMConfig?.IPv6Address) return;
  const first = 'user specified IP address is supported on user defined networks only';
  const second = 'user specified IP address is supported only when connecting to networks with user configured subnets';
  const problems = joinedContainer(mode) === undefined ? `* ${first}\n* ${second}` : first;
  throw invalid(`invalid config for network ${mode}: invalid endpoint settings:\n${problems}`);
}

/** Modes without a network of their own have no traffic to limit. @throws EngineError invalid */
function refuseLimits(mode: string, { DriverOpts }: EndpointSettings): void {
  const option = Object.keys(DriverOpts ?? {}).find((key) => trafficOption(key) !== undefined);
  if (option === undefined) return;
  const reason = `the network ${mode} cannot limit traffic (driver option ${option})`;
  throw invalid(`invalid config for network ${mode}: invalid endpoint settings:\n${reason}`);
}

/** Drops empty fields: clients send every field. */
function withoutEmpty(settings: EndpointSettings): EndpointSettings {
  const asked = Object.entries(settings).filter(([, value]) => value !== null && value !== '' && value !== 0);
  return Object.fromEntries(asked);
}
