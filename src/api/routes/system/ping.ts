import * as z from 'zod/mini';
import { defineRoute } from '../../route.ts';

const headers = {
  'Builder-Version': '2',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
} as const;

/** GET /_ping. */
export const ping = defineRoute({
  method: 'GET',
  path: '/_ping',
  query: z.object({}),
  handle: async () => ({ status: 200, text: 'OK', headers }),
});

/** HEAD /_ping: clients learn the version with it before anything else. */
export const headPing = defineRoute({
  method: 'HEAD',
  path: '/_ping',
  query: z.object({}),
  handle: async () => ({ status: 200, text: '', headers }),
});
