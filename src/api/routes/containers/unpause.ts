import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/unpause: 204. */
export const unpauseContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/unpause',
  query: z.object({}),
  async handle({ params, signal }, containers: Pick<Containers, 'unpause'>) {
    await containers.unpause(params['id'] ?? '', signal);
    return { status: 204 };
  },
});
