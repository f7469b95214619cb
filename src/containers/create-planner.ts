import { hostname } from 'node:os';
import { invalid } from '../base/errors.ts';
import {
  type ContainerConfig,
  type CreateContainerBody,
  type EndpointSettings,
  type HostConfig,
  parsePlatform,
} from '../spec/index.ts';
import type { ImageStore } from '../store/index.ts';
import { planMounts } from './config/plan-mounts.ts';
import { randomName } from './config/random-name.ts';
import type { ContainerTable } from './container-table.ts';
import type { CreateContainer } from './containers.ts';
import { type HostConfigDefaults, withDefaults } from './host-config-defaults.ts';
import { mergeConfig } from './merge-config.ts';
import { joinedContainer } from './network-mode.ts';
import type { ContainerPlan, Planner } from './plan-container.ts';

export interface PlannerDeps {
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly table: Pick<ContainerTable, 'resolve' | 'find'>;
  readonly defaults: HostConfigDefaults;
  readonly dataRoot: string;
}

export function createPlanner(deps: PlannerDeps): Planner {
  return { plan: (request) => plan(deps, request), randomName };
}

function plan(deps: PlannerDeps, { body, platform }: CreateContainer): ContainerPlan {
  const { HostConfig: givenHost = {}, NetworkingConfig: networking, ...given } = body;
  const ref = given.Image ?? '';
  if (ref === '') throw invalid('no image specified');
  const image = deps.images.resolve(ref, platform === '' ? undefined : parsePlatform(platform));
  const merged = mergeConfig(withConfigDefaults(given), image.config.config ?? {});
  const hostConfig = joinContainers(deps, withDefaults(givenHost ?? {}, deps.defaults));
  checkNetworkMode(given, hostConfig);
  const [path = '', ...args] = [...(merged.Entrypoint ?? []), ...(merged.Cmd ?? [])];
  const { os, architecture, variant } = image.config;
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
      dataRoot: deps.dataRoot,
    }),
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    warnings: warningsOf(hostConfig),
  };
}

/** As inspect shows what a request leaves out. */
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
    ...(given.WorkingDir === undefined ? {} : { WorkingDir: given.WorkingDir }),
    ...(given.NetworkDisabled === true ? { NetworkDisabled: true } : {}),
    ...(given.StopSignal ? { StopSignal: given.StopSignal } : {}),
    ...(given.StopTimeout === undefined || given.StopTimeout === null ? {} : { StopTimeout: given.StopTimeout }),
    ...(given.Shell == null ? {} : { Shell: given.Shell }),
    ...(given.MacAddress ? { MacAddress: given.MacAddress } : {}),
  };
}

/** Containers whose namespaces are joined are kept by id: their names may change. Whether there is one is told by the start. */
function joinContainers(deps: PlannerDeps, hostConfig: HostConfig): HostConfig {
  const byId = (mode: string | undefined): string => {
    const ref = joinedContainer(mode);
    return ref === undefined ? (mode ?? '') : `container:${deps.table.find(ref)?.id ?? ref}`;
  };
  return {
    ...hostConfig,
    NetworkMode: byId(hostConfig.NetworkMode),
    PidMode: byId(hostConfig.PidMode),
    IpcMode: byId(hostConfig.IpcMode),
  };
}

/** Who joins another's network can't shape it. @throws EngineError invalid, as dockerd words it */
function checkNetworkMode(given: ContainerConfig, hostConfig: HostConfig): void {
  const joins = joinedContainer(hostConfig.NetworkMode) !== undefined;
  const clash = (what: string): never => {
    throw invalid(`conflicting options: ${what}`);
  };
  if ((joins || hostConfig.UTSMode === 'host') && given.Hostname) {
    clash(joins ? 'hostname and the network mode' : 'hostname and the UTS mode');
  }
  if (!joins) return;
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    clash('port publishing and the container type network mode');
  }
  if ((hostConfig.Dns ?? []).length > 0) clash('dns and the network mode');
  if ((hostConfig.ExtraHosts ?? []).length > 0) clash('custom host-to-IP mapping and the network mode');
  if (given.MacAddress) clash('mac-address and the network mode');
}

function hostnameOf(deps: PlannerDeps, given: ContainerConfig, hostConfig: HostConfig): string | undefined {
  if (given.Hostname) return given.Hostname;
  const joined = joinedContainer(hostConfig.NetworkMode);
  if (joined !== undefined) return deps.table.find(joined)?.record.config.Hostname;
  return hostConfig.NetworkMode === 'host' || hostConfig.UTSMode === 'host' ? hostname() : undefined;
}

/** Networks to connect to, by name. Modes without a network of their own have none. */
function endpoints(
  given: ContainerConfig,
  hostConfig: HostConfig,
  networking: CreateContainerBody['NetworkingConfig'],
): Readonly<Record<string, EndpointSettings>> {
  const mode = hostConfig.NetworkMode ?? 'bridge';
  if (mode === 'host' || mode === 'none' || joinedContainer(mode) !== undefined) return {};
  const result: Record<string, EndpointSettings> = {};
  for (const [name, settings] of Object.entries(networking?.EndpointsConfig ?? {})) {
    const network = name === 'default' ? 'bridge' : name;
    const asked = withoutEmpty(settings ?? {});
    // The network of the mode is joined anyway.
    if (network !== mode || Object.keys(asked).length > 0) result[network] = asked;
  }
  if (given.MacAddress) result[mode] = { ...result[mode], MacAddress: given.MacAddress };
  return result;
}

/** Clients send every field; the empty ones ask for nothing. */
function withoutEmpty(settings: EndpointSettings): EndpointSettings {
  const asked = Object.entries(settings).filter(([, value]) => value !== null && value !== '' && value !== 0);
  return Object.fromEntries(asked);
}

function warningsOf(hostConfig: HostConfig): readonly string[] {
  const warnings: string[] = [];
  if (hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  return warnings;
}
