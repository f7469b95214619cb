import * as z from 'zod/mini';
import type { Builder } from '../../../build/index.ts';
import { defineRoute } from '../../route.ts';

/** POST /grpc: BuildKit's services, for buildx. Newer clients speak HTTP/2 on the API's socket at once. */
export const grpc = defineRoute({
  method: 'POST',
  path: '/grpc',
  query: z.object({}),
  connection: 'h2c',
  priorKnowledge: true,
  async handle(_request, builder: Pick<Builder, 'serveGrpc'>) {
    return { hijack: (connection, signal) => builder.serveGrpc(connection, signal) };
  },
});
