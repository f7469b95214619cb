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
    return { status: 200, body: { Volumes: await volumes.list(query.filters), Warnings: null } };
  },
});
