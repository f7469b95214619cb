import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryInt, queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/restart: 204. `t`: seconds of grace, -1 for no limit. */
export const restartContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/restart',
  query: z.object({ t: queryInt, signal: queryString }),
  querySince: { signal: '1.42' },
  async handle({ params, query, signal }, containers: Pick<Containers, 'restart'>) {
    const options = {
      ...(query.t === undefined ? {} : { graceSeconds: query.t }),
      ...(query.signal === '' ? {} : { stopSignal: query.signal }),
    };
    await containers.restart(params['id'] ?? '', options, signal);
    return { status: 204 };
  },
});
