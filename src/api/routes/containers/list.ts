import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryBool, queryFilters, queryInt } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { containerListFor } from '../../versions/container-shapes.ts';

/** GET /containers/json. With a `limit` stopped containers are listed too, as `docker ps -n` expects. */
export const listContainers = defineRoute({
  method: 'GET',
  path: '/containers/json',
  query: z.object({ all: queryBool(), limit: queryInt, size: queryBool(), filters: queryFilters }),
  async handle({ query }, containers: Pick<Containers, 'list'>) {
    const limit = query.limit ?? 0;
    const summaries = await containers.list({
      all: query.all,
      limit: Math.max(0, limit),
      size: query.size,
      filters: query.filters,
    });
    return { status: 200, bodyFor: (version) => containerListFor(version, summaries) };
  },
});
