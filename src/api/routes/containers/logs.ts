import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers } from '../../../containers/index.ts';
import { queryBool, queryString, queryTime } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /containers/{id}/logs: raw for a container with a terminal, else multiplexed. */
export const containerLogs = defineRoute({
  method: 'GET',
  path: '/containers/:id+/logs',
  query: z.object({
    stdout: queryBool(),
    stderr: queryBool(),
    follow: queryBool(),
    timestamps: queryBool(),
    details: queryBool(),
    tail: queryString,
    since: queryTime,
    until: queryTime,
  }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'logs'>) {
    if (!query.stdout && !query.stderr) throw invalid('Bad parameters: you must choose at least one stream');
    // Clients send 0 for no limit.
    const until = query.until === 0n ? undefined : query.until;
    const logs = await containers.logs(params['id'] ?? '', { ...query, until, tail: lines(query.tail) }, signal);
    return { status: 200, output: logs.stream, tty: logs.tty, follows: query.follow };
  },
});

/** As in dockerd, a text that is not a number means all lines. */
function lines(tail: string): number {
  return /^\d{1,15}$/.test(tail) ? Number(tail) : -1;
}
