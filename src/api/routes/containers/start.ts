import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/start: 204, 304 it runs already. A body (HostConfig of old clients) is ignored, as dockerd does. */
export const startContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id/start',
  query: z.object({}),
  async handle({ params, signal }, containers: Pick<Containers, 'start'>) {
    await containers.start(params['id'] ?? '', signal);
    return { status: 204 };
  },
});
