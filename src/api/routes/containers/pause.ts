import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/pause: 204. */
export const pauseContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/pause',
  query: z.object({}),
  async handle({ params, signal }, containers: Pick<Containers, 'pause'>) {
    await containers.pause(params['id'] ?? '', signal);
    return { status: 204 };
  },
});
