import * as z from 'zod/mini';
import { EngineError } from '../../../base/errors.ts';
import { defineRoute } from '../../route.ts';

/** PUT /volumes/{name}: changes a volume of a cluster, which this engine is not part of. */
export const updateVolume = defineRoute({
  method: 'PUT',
  path: '/volumes/:name',
  query: z.object({}),
  since: '1.42',
  async handle() {
    const reason = 'volume update only valid for cluster volumes, but swarm is unavailable';
    throw new EngineError('unavailable', reason);
  },
});

/** PUT /volumes/: the volume without a name. */
export const updateNamelessVolume = { ...updateVolume, path: '/volumes/' };
