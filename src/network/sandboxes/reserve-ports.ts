import { defaultGateway } from '../model/default-gateway.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { SandboxRequest } from '../networks.ts';
import { ContainerPorts, type ContainerPortsDeps } from '../ports/container-ports.ts';
import { endpointFailed } from '../ports/port-errors.ts';
import { wantedPorts } from '../ports/wanted-ports.ts';

/**
 * Reserves the host ports of a container. They lead to its address on the network of its default gateway, by which
 * replies leave. Docker ignores requests of a container without such a network.
 * @throws EngineError invalid; in Docker's words: port is already allocated
 */
export function reservePorts(
  deps: ContainerPortsDeps & { readonly hostAddress: string },
  request: SandboxRequest,
  endpoints: readonly SandboxEndpoint[],
): ContainerPorts {
  const endpoint = defaultGateway(endpoints);
  if (endpoint === undefined) return new ContainerPorts(deps, [], '');
  const target = endpoint.settings.IPAddress ?? '';
  const requests = wantedPorts(request, deps.hostAddress);
  try {
    return new ContainerPorts(deps, deps.registry.reserve(requests, target), target);
  } catch (error) {
    throw endpointFailed(request.containerName, endpoint.settings.EndpointID ?? '', error);
  }
}
