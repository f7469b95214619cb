import * as z from 'zod/mini';
import type { Volumes } from '../../../volumes/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** DELETE /volumes/{name}: 204, 409 when it is in use. */
export const removeVolume = defineRoute({
  method: 'DELETE',
  path: '/volumes/:name',
  query: z.object({ force: queryBool() }),
  async handle({ params, query }, volumes: Pick<Volumes, 'remove'>) {
    await volumes.remove(params['name'] ?? '', { force: query.force });
    return { status: 204 };
  },
});

/** DELETE /volumes/: the volume without a name. */
export const removeNamelessVolume = { ...removeVolume, path: '/volumes/' };
