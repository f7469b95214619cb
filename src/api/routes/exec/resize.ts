import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryInt } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /exec/{id}/resize?h=rows&w=columns. */
export const resizeExec = defineRoute({
  method: 'POST',
  path: '/exec/:id/resize',
  query: z.object({ h: queryInt, w: queryInt }),
  async handle({ params, query }, containers: Pick<Containers, 'execResize'>) {
    await containers.execResize(params['id'] ?? '', query.h ?? 0, query.w ?? 0);
    return { status: 200 };
  },
});
