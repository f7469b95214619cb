import * as z from 'zod/mini';
import { defineRoute } from '../../route.ts';

/** OPTIONS of any path: 200 without a body. It gives no permission to pages of other sites. */
export const options = defineRoute({
  method: 'OPTIONS',
  path: '*',
  query: z.object({}),
  handle: async () => ({ status: 200 }),
});
