import type { Networks } from '../../../network/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { inspectNetwork } from './inspect.ts';
import { listNetworks, listNetworksWithSlash } from './list.ts';
import { pruneNetworks } from './prune.ts';
import { removeNetwork } from './remove.ts';

export function networkRoutes(networks: Networks): readonly BoundRoute[] {
  return [
    bind(listNetworks, networks),
    bind(listNetworksWithSlash, networks),
    bind(inspectNetwork, networks),
    bind(pruneNetworks, networks),
    bind(removeNetwork, networks),
  ];
}
