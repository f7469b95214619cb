import * as z from 'zod/mini';
import type { Volumes } from '../../../volumes/index.ts';
import { queryVolumeFilters } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /volumes. */
export const listVolumes = defineRoute({
  method: 'GET',
  path: '/volumes',
  query: z.object({ filters: queryVolumeFilters }),
  async handle({ query }, volumes: Pick<Volumes, 'list'>) {
    const { volumes: found, warnings } = await volumes.list(query.filters);
    return { status: 200, body: { Volumes: found, Warnings: warnings.length === 0 ? null : warnings } };
  },
});
