import * as z from 'zod/mini';
import { defineRoute } from '../../route.ts';

export interface InfoDeps {
  /** Body of GET /info. */
  info(): Promise<object>;
}

/** GET /info. */
export const info = defineRoute({
  method: 'GET',
  path: '/info',
  query: z.object({}),
  handle: async (_request, system: InfoDeps) => ({ status: 200, int64: true, body: await system.info() }),
});
