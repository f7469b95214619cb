import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/kill: 204, 409 when it does not run. */
export const killContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/kill',
  query: z.object({ signal: queryString }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'kill'>) {
    await containers.kill(params['id'] ?? '', query.signal === '' ? 'SIGKILL' : query.signal, signal);
    return { status: 204 };
  },
});
