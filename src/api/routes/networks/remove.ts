import * as z from 'zod/mini';
import { EngineError } from '../../../base/errors.ts';
import type { Networks } from '../../../network/index.ts';
import { defineRoute } from '../../route.ts';

/**
 * DELETE /networks/{id}: 404 for an unknown one. The engine made every existing network itself, and none can be
 * removed.
 */
export const removeNetwork = defineRoute({
  method: 'DELETE',
  path: '/networks/:id',
  query: z.object({}),
  async handle({ params }, networks: Pick<Networks, 'inspect'>) {
    const { Name: name } = networks.inspect(params['id'] ?? '');
    throw new EngineError('forbidden', `${name} is a pre-defined network and cannot be removed`);
  },
});
