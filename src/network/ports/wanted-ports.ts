import type { PortMap } from '../../spec/index.ts';
import type { SandboxRequest } from '../networks.ts';
import { formatContainerPort, type PortRequest, parseContainerPorts, parsePortBindings } from './port-request.ts';

type Wishes = Pick<SandboxRequest, 'exposedPorts' | 'portBindings' | 'publishAll'>;

/**
 * Every host port that a container asks for: by its bindings, and with `-P` one of the ephemeral range for each exposed
 * port without a binding. Those that name no address of the host get `hostAddress`, '' for all. @throws EngineError invalid
 */
export function wantedPorts(wishes: Wishes, hostAddress: string): readonly PortRequest[] {
  return requests(wishes).map((request) => (request.hostAddress === '' ? { ...request, hostAddress } : request));
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

/** `NetworkSettings.Ports`: what is exposed, null where it isn't published. */
export function portMap({ exposedPorts, portBindings }: Wishes, published: PortMap): PortMap {
  const exposed = [...exposedPorts, ...Object.keys(portBindings)].flatMap(parseContainerPorts);
  return { ...Object.fromEntries(exposed.map((port) => [formatContainerPort(port), null])), ...published };
}
