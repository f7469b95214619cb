import * as z from 'zod/mini';
import type { VolumeData } from '../../../volumes/index.ts';
import { defineRoute } from '../../route.ts';
import { sending } from '../sending.ts';

/** GET /gantry/volumes/{name}/export: returns the content as a tar. */
export const exportVolume = defineRoute({
  method: 'GET',
  path: '/gantry/volumes/:name/export',
  query: z.object({}),
  async handle({ params, signal }, volumes: Pick<VolumeData, 'export'>) {
    const bytes = await volumes.export(params['name'] ?? '', signal);
    return { status: 200, contentType: 'application/x-tar', write: sending(bytes) };
  },
});
