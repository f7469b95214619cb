import * as z from 'zod/mini';
import { EngineError } from '../../../base/errors.ts';
import type { Networks } from '../../../network/index.ts';
import { queryGoBool, queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { networkInspectFor } from '../../versions/network-shape.ts';

/** GET /networks/{id}. `verbose` is about the services of a swarm. */
export const inspectNetwork = defineRoute({
  method: 'GET',
  path: '/networks/:id+',
  query: z.object({ scope: queryString, verbose: queryGoBool('verbose') }),
  async handle({ params, query: { scope } }, networks: Pick<Networks, 'inspect'>) {
    const ref = params['id'] ?? '';
    const network = networks.inspect(ref);
    if (scope !== '' && network.Scope !== scope) throw new EngineError('notFound', `network ${ref} not found`);
    return { status: 200, bodyFor: (version) => networkInspectFor(version, network) };
  },
});
