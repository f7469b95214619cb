import * as z from 'zod/mini';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /build/prune, which `docker system prune` ends with. The engine builds nothing, so no cache is there to remove. */
export const pruneBuildCache = defineRoute({
  method: 'POST',
  path: '/build/prune',
  query: z.object({ filters: queryFilters }),
  async handle() {
    return { status: 200, body: { CachesDeleted: null, SpaceReclaimed: 0 } };
  },
});
