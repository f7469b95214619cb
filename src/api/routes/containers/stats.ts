import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /containers/{id}/stats: one reading a second, or one with `stream=false`. */
export const containerStats = defineRoute({
  method: 'GET',
  path: '/containers/:id/stats',
  query: z.object({ stream: queryBool(true), 'one-shot': queryBool() }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'stats'>) {
    const options = { stream: query.stream, oneShot: !query.stream && query['one-shot'] };
    return { status: 200, lines: await containers.stats(params['id'] ?? '', options, signal) };
  },
});
