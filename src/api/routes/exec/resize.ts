import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryTerminalSize } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /exec/{id}/resize?h=rows&w=columns. */
export const resizeExec = defineRoute({
  method: 'POST',
  path: '/exec/:id/resize',
  query: z.object({ h: queryTerminalSize('height'), w: queryTerminalSize('width') }),
  async handle({ params, query }, containers: Pick<Containers, 'execResize'>) {
    await containers.execResize(params['id'] ?? '', query.h, query.w);
    return { status: 200 };
  },
});
