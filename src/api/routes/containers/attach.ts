import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { queryBool, queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /containers/{id}/attach: the connection becomes the container's streams. */
export const attachContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id/attach',
  hijack: true,
  query: z.object({
    stdin: queryBool(),
    stdout: queryBool(),
    stderr: queryBool(),
    logs: queryBool(),
    stream: queryBool(),
    detachKeys: queryString,
  }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'attach'>) {
    const attachment = await containers.attach(params['id'] ?? '', query, signal);
    return { tty: attachment.tty, hijack: (connection, gone) => attachment.connect(connection, gone) };
  },
});
