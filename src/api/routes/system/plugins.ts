import * as z from 'zod/mini';
import { defineRoute } from '../../route.ts';

/** GET /plugins: the engine has no managed plugins. */
export const listPlugins = defineRoute({
  method: 'GET',
  path: '/plugins',
  query: z.object({}),
  handle: async () => ({ status: 200, body: [] }),
});
