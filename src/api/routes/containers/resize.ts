import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryInt } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/resize?h=rows&w=columns. */
export const resizeContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id/resize',
  query: z.object({ h: queryInt, w: queryInt }),
  async handle({ params, query }, containers: Pick<Containers, 'resize'>) {
    await containers.resize(params['id'] ?? '', query.h ?? 0, query.w ?? 0);
    return { status: 200 };
  },
});
