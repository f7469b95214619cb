import * as z from 'zod/mini';
import type { VolumeData } from '../../../volumes/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { volumeProgress } from './volume-progress.ts';

const PATH = '/gantry/volumes/:name/snapshots';

/**
 * POST /gantry/volumes/{name}/snapshots: sends progress in the form of pulls, then a line whose `aux` is the snapshot.
 * Without a `name` it is named after the time.
 */
export const createSnapshot = defineRoute({
  method: 'POST',
  path: PATH,
  query: z.object({ name: queryString }),
  async handle({ params, query }, volumes: Pick<VolumeData, 'createSnapshot'>) {
    const volume = params['name'] ?? '';
    return {
      status: 200,
      async progress(send, signal) {
        const onProgress = volumeProgress(send, volume, 'Copying');
        send({ aux: await volumes.createSnapshot(volume, query.name, onProgress, signal) });
      },
    };
  },
});

/** GET /gantry/volumes/{name}/snapshots: oldest first. */
export const listSnapshots = defineRoute({
  method: 'GET',
  path: PATH,
  query: z.object({}),
  async handle({ params }, volumes: Pick<VolumeData, 'snapshots'>) {
    return { status: 200, body: { Snapshots: volumes.snapshots(params['name'] ?? '') } };
  },
});

/** DELETE /gantry/volumes/{name}/snapshots/{snapshot}: 204; 409 while it is being restored. */
export const removeSnapshot = defineRoute({
  method: 'DELETE',
  path: `${PATH}/:snapshot`,
  query: z.object({}),
  async handle({ params }, volumes: Pick<VolumeData, 'removeSnapshot'>) {
    await volumes.removeSnapshot(params['name'] ?? '', params['snapshot'] ?? '');
    return { status: 204 };
  },
});

/**
 * POST /gantry/volumes/{name}/restore: replaces the content by a snapshot's. Sends progress in the form of pulls, then
 * a line whose `aux` is the volume. 409 while a container has the volume mounted.
 */
export const restoreVolume = defineRoute({
  method: 'POST',
  path: '/gantry/volumes/:name/restore',
  query: z.object({ snapshot: queryString }),
  async handle({ params, query }, volumes: Pick<VolumeData, 'restoreSnapshot'>) {
    const volume = params['name'] ?? '';
    return {
      status: 200,
      async progress(send, signal) {
        const onProgress = volumeProgress(send, volume, 'Restoring');
        send({ aux: await volumes.restoreSnapshot(volume, query.snapshot, onProgress, signal) });
      },
    };
  },
});
