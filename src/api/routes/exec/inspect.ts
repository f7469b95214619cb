import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';

/** GET /exec/{id}/json. */
export const inspectExec = defineRoute({
  method: 'GET',
  path: '/exec/:id/json',
  query: z.object({}),
  async handle({ params }, containers: Pick<Containers, 'execInspect'>) {
    return { status: 200, body: await containers.execInspect(params['id'] ?? '') };
  },
});
