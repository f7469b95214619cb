import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /images/prune: removes dangling images; with the filter `dangling=false` all unused ones. */
export const pruneImages = defineRoute({
  method: 'POST',
  path: '/images/prune',
  query: z.object({ filters: queryFilters }),
  async handle({ query, signal }, images: Pick<Images, 'prune'>) {
    const pruned = await images.prune(query.filters, signal);
    const deleted = pruned.deleted.length === 0 ? null : pruned.deleted;
    return { status: 200, body: { ImagesDeleted: deleted, SpaceReclaimed: pruned.reclaimedBytes } };
  },
});
