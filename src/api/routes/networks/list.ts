import * as z from 'zod/mini';
import type { Networks } from '../../../network/index.ts';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { withoutStatus } from '../../versions/network-shape.ts';

/** GET /networks. As in dockerd, the list omits the containers of each network. */
export const listNetworks = defineRoute({
  method: 'GET',
  path: '/networks',
  query: z.object({ filters: queryFilters }),
  async handle({ query }, networks: Pick<Networks, 'list'>) {
    return {
      status: 200,
      body: (await networks.list(query.filters)).map((network) => ({ ...withoutStatus(network), Containers: {} })),
    };
  },
});

/** GET /networks/: the only list that Docker's router also accepts with a trailing slash. */
export const listNetworksWithSlash = { ...listNetworks, path: '/networks/' };
