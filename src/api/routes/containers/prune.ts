import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/prune: removes all containers that do not run. */
export const pruneContainers = defineRoute({
  method: 'POST',
  path: '/containers/prune',
  query: z.object({ filters: queryFilters }),
  async handle({ query, signal }, containers: Pick<Containers, 'prune'>) {
    const pruned = await containers.prune(query.filters, signal);
    const deleted = pruned.deleted.length === 0 ? null : pruned.deleted;
    return { status: 200, body: { ContainersDeleted: deleted, SpaceReclaimed: pruned.reclaimedBytes } };
  },
});
