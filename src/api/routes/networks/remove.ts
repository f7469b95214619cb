import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Networks } from '../../../network/index.ts';
import { defineRoute } from '../../route.ts';

/** DELETE /networks/{id}: 204; 403 for one of the engine's own networks, and for one in use. */
export const removeNetwork = defineRoute({
  method: 'DELETE',
  path: '/networks/:id+',
  query: z.object({}),
  async handle({ params }, networks: Pick<Networks, 'remove'>) {
    await networks.remove(params['id'] ?? '');
    return { status: 204 };
  },
});

/** DELETE /networks/: every network matches the empty beginning of an id. */
export const removeNamelessNetwork = defineRoute({
  method: 'DELETE',
  path: '/networks/',
  query: z.object({}),
  async handle(_request, networks: Pick<Networks, 'list'>) {
    const { length } = await networks.list();
    throw invalid(`network  is ambiguous (${length} matches found based on ID prefix)`);
  },
});
