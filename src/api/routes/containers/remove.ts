import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** DELETE /containers/{id}: 204, 409 when it runs. */
export const removeContainer = defineRoute({
  method: 'DELETE',
  path: '/containers/:id+',
  query: z.object({ v: queryBool(), force: queryBool(), link: queryBool() }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'remove'>) {
    await containers.remove(params['id'] ?? '', { force: query.force, volumes: query.v, link: query.link }, signal);
    return { status: 204 };
  },
});
