import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';

/** GET /containers/{id}/changes: null, as from Go, when there are none. */
export const containerChanges = defineRoute({
  method: 'GET',
  path: '/containers/:id+/changes',
  query: z.object({}),
  async handle({ params, signal }, containers: Pick<Containers, 'diff'>) {
    const changes = await containers.diff(params['id'] ?? '', signal);
    return { status: 200, body: changes.length === 0 ? null : changes };
  },
});
