import * as z from 'zod/mini';
import type { Networks } from '../../../network/index.ts';
import { defineRoute } from '../../route.ts';
import { networkInspectFor } from '../../versions/network-shape.ts';

/** GET /networks/{id}. */
export const inspectNetwork = defineRoute({
  method: 'GET',
  path: '/networks/:id',
  query: z.object({}),
  async handle({ params }, networks: Pick<Networks, 'inspect'>) {
    const network = networks.inspect(params['id'] ?? '');
    return { status: 200, bodyFor: (version) => networkInspectFor(version, network) };
  },
});
