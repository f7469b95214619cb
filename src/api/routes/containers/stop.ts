import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryInt, queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/stop: 204, 304 when it does not run. `t`: seconds of grace, -1 for no limit. */
export const stopContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/stop',
  query: z.object({ t: queryInt, signal: queryString }),
  querySince: { signal: '1.42' },
  async handle({ params, query, signal }, containers: Pick<Containers, 'stop'>) {
    const options = {
      ...(query.t === undefined ? {} : { graceSeconds: query.t }),
      ...(query.signal === '' ? {} : { stopSignal: query.signal }),
    };
    await containers.stop(params['id'] ?? '', options, signal);
    return { status: 204 };
  },
});
