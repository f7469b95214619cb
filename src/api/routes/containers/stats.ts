import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers } from '../../../containers/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /containers/{id}/stats: one reading a second, or one with `stream=false`. */
export const containerStats = defineRoute({
  method: 'GET',
  path: '/containers/:id+/stats',
  query: z.object({ stream: queryBool(true), 'one-shot': queryBool() }),
  querySince: { 'one-shot': '1.41' },
  async handle({ params, query, signal }, containers: Pick<Containers, 'stats'>) {
    if (query.stream && query['one-shot']) throw invalid('cannot have stream=true and one-shot=true');
    const options = { stream: query.stream, oneShot: query['one-shot'] };
    return { status: 200, lines: await containers.stats(params['id'] ?? '', options, signal) };
  },
});
