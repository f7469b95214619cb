import { EngineError } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { World } from '../world.ts';

/** Announces that a container joined or left its networks, with one event per network, as dockerd does. */
export function emitNetworkEvents(
  world: Pick<World, 'events' | 'networks' | 'networkDrivers'>,
  containerId: string,
  endpoints: Readonly<Record<string, EndpointSettings>>,
  action: 'connect' | 'disconnect',
): void {
  for (const [name, { NetworkID: id = '' }] of Object.entries(endpoints)) {
    if (id === '') continue;
    world.events.emit('network', action, id, { container: containerId, name, type: driverOf(world, id) });
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

/** Returns a network's driver. Cached: a driver never changes, and every start asks for it. */
function driverOf(world: Pick<World, 'networks' | 'networkDrivers'>, id: string): string {
  let driver = world.networkDrivers.get(id);
  if (driver === undefined) {
    driver = lookUp(world, id);
    world.networkDrivers.set(id, driver);
  }
  return driver;
}

/** Returns '' for a network that was removed meanwhile. */
function lookUp(world: Pick<World, 'networks'>, id: string): string {
  try {
    return world.networks.inspect(id).Driver;
  } catch (error) {
    if (error instanceof EngineError) return '';
    throw error;
  }
}
