import type { Containers } from '../../../containers/index.ts';
import type { Networks } from '../../../network/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { connectNetwork, disconnectNetwork } from './connect.ts';
import { createNetwork } from './create.ts';
import { inspectNetwork } from './inspect.ts';
import { listNetworks, listNetworksWithSlash } from './list.ts';
import { pruneNetworks } from './prune.ts';
import { removeNamelessNetwork, removeNetwork } from './remove.ts';

export interface NetworkRouteDeps {
  readonly networks: Networks;
  readonly containers: Pick<Containers, 'connectNetwork' | 'disconnectNetwork'>;
}

export function networkRoutes({ networks, containers }: NetworkRouteDeps): readonly BoundRoute[] {
  return [
    bind(listNetworks, networks),
    bind(listNetworksWithSlash, networks),
    bind(createNetwork, networks),
    bind(inspectNetwork, networks),
    bind(connectNetwork, containers),
    bind(disconnectNetwork, containers),
    bind(pruneNetworks, networks),
    bind(removeNetwork, networks),
    bind(removeNamelessNetwork, networks),
  ];
}
