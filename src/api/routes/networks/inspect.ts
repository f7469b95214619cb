import * as z from 'zod/mini';
import type { Networks } from '../../../network/index.ts';
import { defineRoute } from '../../route.ts';

/** GET /networks/{id}. */
export const inspectNetwork = defineRoute({
  method: 'GET',
  path: '/networks/:id',
  query: z.object({}),
  async handle({ params }, networks: Pick<Networks, 'inspect'>) {
    return { status: 200, body: networks.inspect(params['id'] ?? '') };
  },
});
