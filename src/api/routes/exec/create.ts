import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';
import { execConfig } from '../../schema/exec.ts';
import { execConfigFor } from '../../versions/older-requests.ts';

/** POST /containers/{id}/exec: 201, 409 when it is paused or does not run. */
export const createExec = defineRoute({
  method: 'POST',
  path: '/containers/:id+/exec',
  query: z.object({}),
  json: execConfig,
  emptyBody: 'accepted',
  async handle({ params, body, version, signal }, containers: Pick<Containers, 'execCreate'>) {
    if ((body.Cmd ?? []).length === 0) throw invalid('No exec command specified');
    const { id } = await containers.execCreate(params['id'] ?? '', execConfigFor(version, body), signal);
    return { status: 201, body: { Id: id } };
  },
});
