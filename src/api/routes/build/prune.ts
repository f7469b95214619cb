import * as z from 'zod/mini';
import type { Builder } from '../../../build/index.ts';
import { queryBool, queryFilters, queryInt } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /build/prune: removes records of the build cache. `keep-storage` is the older name of `reserved-space`. */
export const pruneBuildCache = defineRoute({
  method: 'POST',
  path: '/build/prune',
  query: z.object({
    all: queryBool(),
    filters: queryFilters,
    'keep-storage': queryInt,
    'reserved-space': queryInt,
    'max-used-space': queryInt,
    'min-free-space': queryInt,
  }),
  querySince: { 'reserved-space': '1.48', 'max-used-space': '1.48', 'min-free-space': '1.48' },
  async handle({ query, signal }, builder: Pick<Builder, 'prune'>) {
    const { deleted, reclaimedBytes } = await builder.prune(
      {
        all: query.all,
        filters: query.filters,
        reservedSpace: query['reserved-space'] ?? query['keep-storage'] ?? 0,
        maxUsedSpace: query['max-used-space'] ?? 0,
        minFreeSpace: query['min-free-space'] ?? 0,
      },
      signal,
    );
    return {
      status: 200,
      body: { CachesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimedBytes },
    };
  },
});
