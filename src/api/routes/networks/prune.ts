import * as z from 'zod/mini';
import type { Networks } from '../../../network/index.ts';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /networks/prune: removes networks without containers, except those that the engine made itself. */
export const pruneNetworks = defineRoute({
  method: 'POST',
  path: '/networks/prune',
  query: z.object({ filters: queryFilters }),
  async handle({ query }, networks: Pick<Networks, 'prune'>) {
    const deleted = await networks.prune(query.filters);
    return { status: 200, body: { NetworksDeleted: deleted.length === 0 ? null : deleted } };
  },
});
