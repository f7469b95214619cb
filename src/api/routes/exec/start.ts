import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { defineRoute } from '../../route.ts';
import { execStartBody } from '../../schema/exec.ts';
import { consoleSizeFor } from '../../versions/older-requests.ts';

/** POST /exec/{id}/start: detached 200, else the connection becomes the process's streams. */
export const startExec = defineRoute({
  method: 'POST',
  path: '/exec/:id/start',
  connection: 'tcp',
  query: z.object({}),
  json: execStartBody,
  emptyBody: 'accepted',
  async handle({ params, body, version, signal }, containers: Pick<Containers, 'execStart'>) {
    const size = consoleSizeFor(version, body.ConsoleSize);
    const options = {
      detach: body.Detach === true,
      tty: body.Tty === true,
      ...(size === undefined ? {} : { consoleSize: size }),
    };
    const attachment = await containers.execStart(params['id'] ?? '', options, signal);
    if (attachment === undefined) return { status: 200 };
    return { tty: attachment.tty, hijack: (connection, gone) => attachment.connect(connection, gone) };
  },
});
