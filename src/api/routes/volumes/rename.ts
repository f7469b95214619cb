import * as z from 'zod/mini';
import type { VolumeData } from '../../../volumes/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /gantry/volumes/{name}/rename: returns the volume under its new name; 409 when a container refers to it. */
export const renameVolume = defineRoute({
  method: 'POST',
  path: '/gantry/volumes/:name/rename',
  query: z.object({ to: queryString }),
  async handle({ params, query }, volumes: Pick<VolumeData, 'rename'>) {
    return { status: 200, body: await volumes.rename(params['name'] ?? '', query.to) };
  },
});
