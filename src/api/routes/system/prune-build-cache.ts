import * as z from 'zod/mini';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/**
 * POST /build/prune, the last request of `docker system prune`. The engine builds nothing, so that there is no cache to
 * remove.
 */
export const pruneBuildCache = defineRoute({
  method: 'POST',
  path: '/build/prune',
  query: z.object({ filters: queryFilters }),
  async handle() {
    return { status: 200, body: { CachesDeleted: null, SpaceReclaimed: 0 } };
  },
});
