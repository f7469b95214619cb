import * as z from 'zod/mini';
import type { Volumes } from '../../../volumes/index.ts';
import { defineRoute } from '../../route.ts';

/** GET /volumes/{name}. */
export const inspectVolume = defineRoute({
  method: 'GET',
  path: '/volumes/:name',
  query: z.object({}),
  async handle({ params }, volumes: Pick<Volumes, 'inspect'>) {
    return { status: 200, body: await volumes.inspect(params['name'] ?? '') };
  },
});

/** GET /volumes/: the volume without a name. */
export const inspectNamelessVolume = { ...inspectVolume, path: '/volumes/' };
