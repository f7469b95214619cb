import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { containerInspectFor } from '../../versions/container-shapes.ts';

/** GET /containers/{id}/json. */
export const inspectContainer = defineRoute({
  method: 'GET',
  path: '/containers/:id+/json',
  query: z.object({ size: queryBool() }),
  async handle({ params, query }, containers: Pick<Containers, 'inspect'>) {
    const container = await containers.inspect(params['id'] ?? '', { size: query.size });
    return { status: 200, int64: true, bodyFor: (version) => containerInspectFor(version, container) };
  },
});
