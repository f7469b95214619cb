import * as z from 'zod/mini';
import type { VolumeData } from '../../../volumes/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { volumeProgress } from './volume-progress.ts';

/**
 * POST /gantry/volumes/{name}/import: fills a volume from a tar, and makes it if it is missing. Sends progress in the
 * form of pulls, then a line whose `aux` is the volume. 409 when the volume holds files, unless `replace=1`, or a
 * container has it mounted.
 */
export const importVolume = defineRoute({
  method: 'POST',
  path: '/gantry/volumes/:name/import',
  stream: true,
  query: z.object({ replace: queryBool() }),
  async handle({ params, query, stream }, volumes: Pick<VolumeData, 'import'>) {
    const name = params['name'] ?? '';
    return {
      status: 200,
      async progress(send, signal) {
        const onProgress = volumeProgress(send, name, 'Importing');
        send({ aux: await volumes.import(name, { archive: stream, replaces: query.replace, onProgress }, signal) });
      },
    };
  },
});
