import * as z from 'zod/mini';
import { compareVersions } from '../../../base/versions.ts';
import type { Containers } from '../../../containers/index.ts';
import { queryBool, queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

const query = z.object({
  stdin: queryBool(),
  stdout: queryBool(),
  stderr: queryBool(),
  logs: queryBool(),
  stream: queryBool(),
  detachKeys: queryString,
});

/** POST /containers/{id}/attach: the connection becomes the container's streams. */
export const attachContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/attach',
  connection: 'tcp',
  query,
  async handle({ params, query, signal }, containers: Pick<Containers, 'attach'>) {
    const attachment = await containers.attach(params['id'] ?? '', query, signal);
    return { tty: attachment.tty, hijack: (connection, gone) => attachment.connect(connection, gone) };
  },
});

/** GET /containers/{id}/attach/ws: the same as a WebSocket, whose messages have no frames. */
export const attachByWebSocket = defineRoute({
  method: 'GET',
  path: '/containers/:id+/attach/ws',
  connection: 'websocket',
  query,
  async handle({ params, query: options, version, signal }, containers: Pick<Containers, 'attach'>) {
    // Before 1.42 a WebSocket got all streams, whatever it requested.
    const streams = compareVersions(version, '1.42') < 0 ? { stdin: true, stdout: true, stderr: true } : {};
    const attachment = await containers.attach(params['id'] ?? '', { ...options, ...streams }, signal);
    return { tty: attachment.tty, hijack: (connection, gone) => attachment.connect(connection, gone) };
  },
});
