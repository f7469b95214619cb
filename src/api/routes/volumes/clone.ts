import * as z from 'zod/mini';
import type { VolumeData } from '../../../volumes/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { volumeProgress } from './volume-progress.ts';

/**
 * POST /gantry/volumes/{name}/clone: sends progress in the form of pulls, then a line whose `aux` is the new volume.
 */
export const cloneVolume = defineRoute({
  method: 'POST',
  path: '/gantry/volumes/:name/clone',
  query: z.object({ to: queryString }),
  async handle({ params, query }, volumes: Pick<VolumeData, 'clone'>) {
    const name = params['name'] ?? '';
    return {
      status: 200,
      async progress(send, signal) {
        send({ aux: await volumes.clone(name, query.to, volumeProgress(send, query.to, 'Copying'), signal) });
      },
    };
  },
});
