import { EngineError } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { World } from '../world.ts';

/** Announces that a container joined or left its networks, with one event per network, as dockerd does. */
export function emitNetworkEvents(
  world: Pick<World, 'events' | 'networks'>,
  containerId: string,
  endpoints: Readonly<Record<string, EndpointSettings>>,
  action: 'connect' | 'disconnect',
): void {
  for (const [name, { NetworkID: id = '' }] of Object.entries(endpoints)) {
    if (id === '') continue;
    world.events.emit('network', action, id, { container: containerId, name, type: world.networks.driverOf(id) });
  }
}

/** A container on the host's network shows only the network `host`. */
export function hostEndpoints(world: Pick<World, 'networks'>): Readonly<Record<string, EndpointSettings>> {
  try {
    return { host: { NetworkID: world.networks.inspect('host').Id } };
  } catch (error) {
    if (error instanceof EngineError) return {};
    throw error;
  }
}
