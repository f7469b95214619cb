import * as z from 'zod/mini';
import { defineRoute } from '../../route.ts';

export interface VersionDeps {
  /** Returns the body of GET /version. */
  version(): Promise<object>;
}

/** GET /version. */
export const version = defineRoute({
  method: 'GET',
  path: '/version',
  query: z.object({}),
  handle: async (_request, system: VersionDeps) => ({ status: 200, body: await system.version() }),
});
