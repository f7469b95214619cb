import * as z from 'zod/mini';
import type { Volumes } from '../../../volumes/index.ts';
import { goMap, goString, goStruct } from '../../codec/go-json.ts';
import { defineRoute } from '../../route.ts';

const body = goStruct({
  Name: goString,
  Driver: goString,
  DriverOpts: goMap(goString, ''),
  Labels: goMap(goString, ''),
});

/** POST /volumes/create: 201, also for one that is there. */
export const createVolume = defineRoute({
  method: 'POST',
  path: '/volumes/create',
  query: z.object({}),
  json: body,
  emptyBody: 'accepted',
  async handle({ body: request }, volumes: Pick<Volumes, 'create'>) {
    const created = await volumes.create({
      name: request.Name ?? '',
      ...(request.Driver === undefined ? {} : { driver: request.Driver }),
      ...(request.DriverOpts === undefined ? {} : { driverOpts: request.DriverOpts }),
      ...(request.Labels === undefined ? {} : { labels: request.Labels }),
    });
    return { status: 201, body: created };
  },
});
