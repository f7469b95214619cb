import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod/mini';
import type { Builder } from '../../../build/index.ts';
import { defineRoute } from '../../route.ts';

const PREFIX = 'x-docker-expose-session-';

/** POST /session: the client serves its builds on this connection, and the engine is the one that calls. */
export const session = defineRoute({
  method: 'POST',
  path: '/session',
  query: z.object({}),
  connection: 'h2c',
  wrongUpgrade: 'invalid',
  async handle({ headers }, builder: Pick<Builder, 'acceptSession'>) {
    const asked = {
      id: textOf(headers, 'uuid'),
      name: textOf(headers, 'name'),
      sharedKey: textOf(headers, 'sharedkey'),
      methods: textOf(headers, 'grpc-method').split(/,\s*/).filter(Boolean),
    };
    return { hijack: (connection, signal) => builder.acceptSession({ ...asked, connection }, signal) };
  },
});

/** Node joins a header that comes several times by `, `. */
function textOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[PREFIX + name] ?? '';
  return typeof value === 'string' ? value : value.join(', ');
}
