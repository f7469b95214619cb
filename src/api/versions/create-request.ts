import { invalid } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';
import {
  type CreateContainerBody,
  ENDPOINT_SYSCTLS,
  type EndpointSettings,
  type HostConfig,
} from '../../spec/index.ts';
import { macAddressFor } from './mac-address.ts';
import { olderCreate } from './older-create.ts';

export interface CreateRequest {
  readonly body: CreateContainerBody;
  readonly warnings: readonly string[];
}

/**
 * Converts a request to create a container by the rules of its version (moby, postContainersCreate).
 * @throws EngineError invalid with dockerd's texts
 */
export function createRequestFor(version: string, asked: CreateContainerBody): CreateRequest {
  const given = olderCreate(version, asked);
  const address = compareVersions(version, '1.52') < 0 ? macAddressFor(version, given) : withoutAddress(given);
  if (compareVersions(version, '1.48') >= 0) {
    checkLinkSysctls(address.body.HostConfig);
    const warnings = [...volumeDriverWarning(given.HostConfig), ...address.warnings];
    const ports = withPorts(address.body);
    return compareVersions(version, '1.52') < 0
      ? { ...ports, warnings }
      : { ...ports, warnings: [...warnings, ...ports.warnings] };
  }
  for (const { Type } of given.HostConfig?.Mounts ?? []) {
    if (Type === 'image') throw invalid('Mount type "Image" needs API v1.48 or newer');
  }
  const moved = moveLinkSysctls(withoutPriorities(withPorts(address.body).body));
  return { body: moved.body, warnings: [...address.warnings, ...moved.warnings] };
}

/** From 1.52 on only networks have hardware addresses. */
function withoutAddress({ MacAddress: _ignored, ...body }: CreateContainerBody): CreateRequest {
  return { body, warnings: [] };
}

/**
 * Publishes a port whose list is empty at a chosen port. Since 1.52 with a warning, because later versions will not.
 */
function withPorts(body: CreateContainerBody): CreateRequest {
  const given = Object.entries(body.HostConfig?.PortBindings ?? {});
  const empty = given.filter(([, bindings]) => bindings == null || bindings.length === 0).map(([port]) => port);
  if (empty.length === 0) return { body, warnings: [] };
  const PortBindings = Object.fromEntries(given.map(([port, list]) => [port, empty.includes(port) ? [{}] : list]));
  return {
    body: { ...body, HostConfig: { ...body.HostConfig, PortBindings } },
    warnings: [
      `Following container port(s) have an empty list of port-bindings: ${empty.join(', ')}. Starting with API 1.53, such bindings will be discarded.`,
    ],
  };
}

/** Warns that a container's own volume driver does not apply to `Mounts`. */
function volumeDriverWarning(host: HostConfig | undefined): readonly string[] {
  if (!host?.VolumeDriver) return [];
  const isAmbiguous = (host.Mounts ?? []).some(
    ({ Type, VolumeOptions: options }) => Type === 'volume' && !options?.DriverConfig?.Name,
  );
  return isAmbiguous
    ? [
        "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead",
      ]
    : [];
}

/** Before 1.48 networks had no priorities. */
function withoutPriorities(body: CreateContainerBody): CreateContainerBody {
  return withEndpoints(body, (settings) => {
    const { GwPriority: _ignored, ...others } = settings;
    return others;
  });
}

/**
 * Finds settings of a network's link, such as `net.ipv4.conf.eth0.log_martians`. Before 1.48 those of eth0 are moved to
 * the endpoint of the container's network. From 1.48 on all are refused, and clients use a driver option instead.
 */
function linkSysctls(host: HostConfig | undefined): readonly (readonly [name: string, value: string])[] {
  const mode = host?.NetworkMode ?? '';
  if (mode === 'host' || mode === 'none' || mode.startsWith('container:')) return [];
  return Object.entries(host?.Sysctls ?? {}).filter(([name]) => /^net\.[^.]*\.[^.]*\.eth[^.]*\./.test(name));
}

function checkLinkSysctls(host: HostConfig | undefined): void {
  const [first] = linkSysctls(host);
  if (first === undefined) return;
  throw invalid(
    `interface specific sysctl setting "${first[0]}" must be supplied using driver option '${ENDPOINT_SYSCTLS}'`,
  );
}

function moveLinkSysctls(body: CreateContainerBody): CreateRequest {
  const settings = linkSysctls(body.HostConfig);
  if (settings.length === 0) return { body, warnings: [] };
  const names = settings.map(([name]) => name);
  const other = names.find((name) => name.split('.')[3] !== 'eth0');
  if (other !== undefined) {
    throw invalid(
      `unable to determine network endpoint for sysctl ${other}, use driver option '${ENDPOINT_SYSCTLS}' to set per-interface sysctls`,
    );
  }
  const moved = settings.map(([name, value]) => `${name.replace('.eth0.', '.IFNAME.')}=${value}`).join(',');
  const mode = body.HostConfig?.NetworkMode ?? '';
  const network = mode === '' || mode === 'default' ? 'bridge' : mode;
  const endpoints = body.NetworkingConfig?.EndpointsConfig ?? {};
  const at = endpoints[network] === undefined && network === 'bridge' && endpoints['default'] ? 'default' : network;
  const own = endpoints[at] ?? {};
  const before = own.DriverOpts?.[ENDPOINT_SYSCTLS];
  const DriverOpts = {
    ...own.DriverOpts,
    [ENDPOINT_SYSCTLS]: before === undefined ? moved : `${moved},${before}`,
  };
  const Sysctls = Object.fromEntries(
    Object.entries(body.HostConfig?.Sysctls ?? {}).filter(([name]) => !names.includes(name)),
  );
  return {
    body: {
      ...body,
      HostConfig: { ...body.HostConfig, Sysctls },
      NetworkingConfig: { ...body.NetworkingConfig, EndpointsConfig: { ...endpoints, [at]: { ...own, DriverOpts } } },
    },
    warnings: [`Migrated sysctl "${names.join(',')}" to DriverOpts{"${ENDPOINT_SYSCTLS}":"${moved}"}.`],
  };
}

function withEndpoints(
  body: CreateContainerBody,
  change: (settings: EndpointSettings) => EndpointSettings,
): CreateContainerBody {
  const endpoints = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {});
  if (endpoints.length === 0) return body;
  const changed = endpoints.map(([name, settings]) => [name, settings && change(settings)] as const);
  return { ...body, NetworkingConfig: { ...body.NetworkingConfig, EndpointsConfig: Object.fromEntries(changed) } };
}
