import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';
import { sending } from '../sending.ts';

/** GET /containers/{id}/export: returns the root file system as a tar. */
export const exportContainer = defineRoute({
  method: 'GET',
  path: '/containers/:id+/export',
  query: z.object({}),
  async handle({ params, signal }, containers: Pick<Containers, 'export'>) {
    const bytes = await containers.export(params['id'] ?? '', signal);
    return { status: 200, contentType: 'application/octet-stream', write: sending(bytes) };
  },
});
