import { BRIDGE_OPTION } from '../drivers/bridge-options.ts';
import { defaultGateway } from '../model/default-gateway.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { SandboxRequest } from '../networks.ts';
import { ContainerPorts, type ContainerPortsDeps, NO_TARGET, type PortTarget } from '../ports/container-ports.ts';
import { endpointFailed } from '../ports/port-errors.ts';
import { wantedPorts } from '../ports/wanted-ports.ts';

/** The host address of published ports that the network gives. '' stands for every address. */
function hostBinding({ options }: Pick<NetworkRecord, 'options'>): string | undefined {
  const address = options[BRIDGE_OPTION.hostBinding];
  return address === '0.0.0.0' ? '' : address;
}

/** The addresses on the networks of the default gateways, by which replies leave. */
export function portTarget(endpoints: readonly SandboxEndpoint[]): PortTarget {
  return {
    ipv4: defaultGateway(endpoints, 4)?.settings.IPAddress ?? '',
    ipv6: defaultGateway(endpoints, 6)?.settings.GlobalIPv6Address ?? '',
  };
}

/**
 * Reserves the host ports of a container. They lead to its addresses on the networks of its default gateways. Docker ignores requests of a container without such a network.
 * @throws EngineError invalid; in Docker's words: port is already allocated
 */
export function reservePorts(
  deps: ContainerPortsDeps & { readonly hostAddress: string },
  request: SandboxRequest,
  endpoints: readonly SandboxEndpoint[],
): ContainerPorts {
  const endpoint = defaultGateway(endpoints, 4) ?? defaultGateway(endpoints, 6);
  if (endpoint === undefined) return new ContainerPorts(deps, [], NO_TARGET);
  const target = portTarget(endpoints);
  const requests = wantedPorts(request, hostBinding(endpoint.record) ?? deps.hostAddress);
  try {
    return new ContainerPorts(deps, deps.registry.reserve(requests, target.ipv4 || target.ipv6), target);
  } catch (error) {
    throw endpointFailed(request.containerName, endpoint.settings.EndpointID ?? '', error);
  }
}
