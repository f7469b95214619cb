import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { goRoot, goStruct } from '../../codec/go-json.ts';
import { defineRoute } from '../../route.ts';
import { resourceFields, restartPolicy } from '../../schema/host-config.ts';
import { updateFor } from '../../versions/older-requests.ts';

/** POST /containers/{id}/update: changes limits and restart policy of a container, running or not. */
export const updateContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/update',
  query: z.object({}),
  json: goRoot('UpdateConfig', goStruct('container.UpdateConfig', { ...resourceFields, RestartPolicy: restartPolicy })),
  emptyBody: 'accepted',
  async handle({ params, body, version, signal }, containers: Pick<Containers, 'update'>) {
    const { warnings } = await containers.update(params['id'] ?? '', updateFor(version, body), signal);
    return { status: 200, body: { Warnings: warnings } };
  },
});
