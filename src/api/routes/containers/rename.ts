import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers } from '../../../containers/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/rename: 204, 409 name in use. */
export const renameContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/rename',
  query: z.object({ name: queryString }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'rename'>) {
    if (query.name === '') throw invalid('Neither old nor new names may be empty');
    await containers.rename(params['id'] ?? '', query.name, signal);
    return { status: 204 };
  },
});
