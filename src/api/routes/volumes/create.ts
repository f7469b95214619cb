import * as z from 'zod/mini';
import { EngineError } from '../../../base/errors.ts';
import type { Volumes } from '../../../volumes/index.ts';
import { goEmpty, goMap, goRoot, goString, goStruct } from '../../codec/go-json.ts';
import { defineRoute } from '../../route.ts';
import { hasClusterVolumes } from '../../versions/older-requests.ts';
import { NO_MANAGER } from '../swarm/index.ts';

const body = goRoot(
  'CreateOptions',
  goStruct('volume.CreateOptions', {
    Name: goString,
    Driver: goString,
    DriverOpts: goMap(goString, ''),
    Labels: goMap(goString, ''),
    ClusterVolumeSpec: goEmpty,
  }),
);

/** POST /volumes/create: 201, also for an existing volume; 503 for a cluster volume, which only a swarm has. */
export const createVolume = defineRoute({
  method: 'POST',
  path: '/volumes/create',
  query: z.object({}),
  json: body,
  emptyBody: 'accepted',
  async handle({ body: request, version }, volumes: Pick<Volumes, 'create'>) {
    if (request.ClusterVolumeSpec !== undefined && hasClusterVolumes(version)) {
      throw new EngineError('unavailable', NO_MANAGER);
    }
    const created = await volumes.create({
      name: request.Name ?? '',
      ...(request.Driver === undefined ? {} : { driver: request.Driver }),
      ...(request.DriverOpts === undefined ? {} : { driverOpts: request.DriverOpts }),
      ...(request.Labels === undefined ? {} : { labels: request.Labels }),
    });
    return { status: 201, body: created };
  },
});
