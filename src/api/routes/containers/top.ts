import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryPath } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /containers/{id}/top: lists processes as `ps` shows them. */
export const topContainer = defineRoute({
  method: 'GET',
  path: '/containers/:id+/top',
  query: z.object({ ps_args: queryPath('ps_args') }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'top'>) {
    const top = await containers.top(params['id'] ?? '', query.ps_args === '' ? '-ef' : query.ps_args, signal);
    return { status: 200, body: { Processes: top.processes, Titles: top.titles } };
  },
});
