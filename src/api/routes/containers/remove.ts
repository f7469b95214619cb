import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
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

/** DELETE /containers/: the container without a name. */
export const removeNamelessContainer = defineRoute({
  method: 'DELETE',
  path: '/containers/',
  query: z.object({}),
  async handle() {
    throw invalid('invalid name or ID supplied: ""');
  },
});
