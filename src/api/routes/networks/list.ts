import * as z from 'zod/mini';
import type { Networks } from '../../../network/index.ts';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { networkListedFor } from '../../versions/network-shape.ts';

/** GET /networks. As in dockerd, the list omits the containers of each network for clients since 1.28. */
export const listNetworks = defineRoute({
  method: 'GET',
  path: '/networks',
  query: z.object({ filters: queryFilters }),
  async handle({ query, version }, networks: Pick<Networks, 'list'>) {
    const found = await networks.list(query.filters);
    return { status: 200, body: found.map((network) => networkListedFor(version, network)) };
  },
});

/** GET /networks/: the only list that Docker's router also accepts with a trailing slash. */
export const listNetworksWithSlash = { ...listNetworks, path: '/networks/' };
