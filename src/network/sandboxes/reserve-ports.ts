import { failed } from '../../base/errors.ts';
import type { PortMap } from '../../spec/index.ts';
import { BRIDGE_OPTION } from '../drivers/bridge-options.ts';
import type { Publishing } from '../drivers/driver.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { Family } from '../ipam/address.ts';
import { defaultGateway } from '../model/default-gateway.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { SandboxRequest } from '../networks.ts';
import { ContainerPorts, type ContainerPortsDeps, NO_TARGET, type PortTarget } from '../ports/container-ports.ts';
import { endpointFailed } from '../ports/port-errors.ts';
import { formatContainerPort, type PortRequest } from '../ports/port-request.ts';
import { portMap, wantedPorts } from '../ports/wanted-ports.ts';

/** The host address of published ports that the network gives. '' stands for every address. */
function hostBinding({ options }: Pick<NetworkRecord, 'options'>): string | undefined {
  const address = options[BRIDGE_OPTION.hostBinding];
  return address === '0.0.0.0' ? '' : address;
}

/**
 * The addresses on the networks of the default gateways, by which replies leave. Empty where such a network publishes no
 * ports.
 */
export function portTarget(drivers: NetworkDrivers, endpoints: readonly SandboxEndpoint[]): PortTarget {
  const found = FAMILIES.flatMap((family) => publishing(drivers, endpoints, family) ?? []);
  const settings = (family: Family) => found.find((each) => each.family === family)?.settings;
  return {
    ipv4: settings(4)?.IPAddress ?? '',
    ipv6: settings(6)?.GlobalIPv6Address ?? '',
    routed: found.filter(({ mode }) => mode === 'routed').map(({ family }) => family),
    trusting: found.filter(({ isTrusting }) => isTrusting).map(({ family }) => family),
  };
}

const FAMILIES = [4, 6] as const satisfies readonly Family[];

/** The endpoint of the default gateway, if its network publishes ports. */
function publishing(
  drivers: NetworkDrivers,
  endpoints: readonly SandboxEndpoint[],
  family: Family,
): (SandboxEndpoint & Publishing & { readonly family: Family }) | undefined {
  const endpoint = defaultGateway(endpoints, family);
  const how = endpoint && drivers.find(endpoint.record.driver)?.publishing(endpoint.record, family);
  return how && { ...endpoint, ...how, family };
}

/**
 * Reserves the host ports of a container. They lead to its addresses on the networks of its default gateways. Docker
 * ignores requests of a container without such a network.
 * @throws EngineError invalid; in Docker's words: port is already allocated
 */
export function reservePorts(
  deps: ContainerPortsDeps & { readonly hostAddress: string; readonly drivers: NetworkDrivers },
  request: SandboxRequest,
  endpoints: readonly SandboxEndpoint[],
): ContainerPorts {
  const { drivers } = deps;
  const endpoint = publishing(drivers, endpoints, 4) ?? publishing(drivers, endpoints, 6);
  if (endpoint === undefined) return new ContainerPorts(deps, [], NO_TARGET);
  const target = portTarget(drivers, endpoints);
  const requests = wantedPorts(request, hostBinding(endpoint.record) ?? deps.hostAddress);
  try {
    if (deps.throughInput) refuseSctp(requests);
    return new ContainerPorts(deps, deps.registry.reserve(requests, target.ipv4 || target.ipv6, target.routed), target);
  } catch (error) {
    throw endpointFailed(request.containerName, endpoint.settings.EndpointID ?? '', error);
  }
}

/** Ports that obey the host's rules for input are relayed, which SCTP is not. @throws EngineError failed */
function refuseSctp(requests: readonly PortRequest[]): void {
  const port = requests.find(({ protocol }) => protocol === 'sctp');
  if (port === undefined) return;
  throw failed(`port ${formatContainerPort(port)} cannot be relayed: the engine runs with publish-through-input`);
}

/**
 * `NetworkSettings.Ports`. Exposed ports are shown when a network could publish them. Ports that lead nowhere at the
 * moment are not shown as published.
 */
export function shownPorts(
  { drivers }: { readonly drivers: NetworkDrivers },
  request: SandboxRequest,
  endpoints: readonly SandboxEndpoint[],
  ports: ContainerPorts,
): PortMap {
  const couldPublish = endpoints.some(
    ({ record }) => !record.internal && drivers.find(record.driver)?.publishing(record, 4) !== undefined,
  );
  if (!couldPublish) return {};
  const { ipv4, ipv6 } = portTarget(drivers, endpoints);
  return portMap(request, ipv4 === '' && ipv6 === '' ? {} : ports.map());
}
