import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryTerminalSize } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/resize?h=rows&w=columns. */
export const resizeContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/resize',
  query: z.object({ h: queryTerminalSize('height'), w: queryTerminalSize('width') }),
  async handle({ params, query }, containers: Pick<Containers, 'resize'>) {
    await containers.resize(params['id'] ?? '', query.h, query.w);
    return { status: 200 };
  },
});
