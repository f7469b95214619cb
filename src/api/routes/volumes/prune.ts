import * as z from 'zod/mini';
import type { Volumes } from '../../../volumes/index.ts';
import { queryFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { volumePruneFiltersFor } from '../../versions/older-requests.ts';

/** POST /volumes/prune: removes unused anonymous volumes; with the filter `all` named ones too. */
export const pruneVolumes = defineRoute({
  method: 'POST',
  path: '/volumes/prune',
  query: z.object({ filters: queryFilters }),
  async handle({ query, version }, volumes: Pick<Volumes, 'prune'>) {
    const pruned = await volumes.prune(volumePruneFiltersFor(version, query.filters));
    return { status: 200, body: { VolumesDeleted: pruned.deleted, SpaceReclaimed: pruned.reclaimedBytes } };
  },
});
