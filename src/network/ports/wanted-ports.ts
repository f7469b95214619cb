import type { PortMap } from '../../spec/index.ts';
import type { SandboxRequest } from '../networks.ts';
import { formatContainerPort, type PortRequest, parseContainerPorts, parsePortBindings } from './port-request.ts';

type Wishes = Pick<SandboxRequest, 'exposedPorts' | 'portBindings' | 'publishAll' | 'lastPorts'>;

/**
 * All requests of a container for host ports: by its bindings, and with `-P` one of the ephemeral range for each
 * exposed port without a binding. Requests without a host address get `hostAddress`; '' stands for all addresses.
 * @throws EngineError invalid
 */
export function wantedPorts(wishes: Wishes, hostAddress: string): readonly PortRequest[] {
  return requests(wishes).map((request) => ({
    ...request,
    ...(request.hostAddress === '' ? { hostAddress } : {}),
    ...preference(request, wishes.lastPorts ?? {}),
  }));
}

function requests({ exposedPorts, portBindings, publishAll }: Wishes): readonly PortRequest[] {
  const bindings = parsePortBindings(portBindings);
  if (!publishAll) return bindings;
  const bound = new Set(bindings.map(formatContainerPort));
  const others = exposedPorts
    .flatMap(parseContainerPorts)
    .filter((port) => !bound.has(formatContainerPort(port)))
    .map((port) => ({ ...port, hostAddress: '', first: 0, last: 0 }));
  return [...bindings, ...others];
}

/** A port that the engine chose stays the same over restarts, as long as nobody else has it. */
function preference(request: PortRequest, last: PortMap): Pick<PortRequest, 'preferred'> {
  if (request.first === request.last && request.first !== 0) return {};
  const ports = (last[formatContainerPort(request)] ?? [])
    .map(({ HostPort }) => Number(HostPort))
    .filter((port) => port > 0);
  return ports.length === 0 ? {} : { preferred: [...new Set(ports)] };
}

/** `NetworkSettings.Ports`: all exposed ports, null for those that are not published. */
export function portMap({ exposedPorts, portBindings }: Wishes, published: PortMap): PortMap {
  const exposed = [...exposedPorts, ...Object.keys(portBindings)].flatMap(parseContainerPorts);
  return { ...Object.fromEntries(exposed.map((port) => [formatContainerPort(port), null])), ...published };
}
