import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import { compareVersions } from '../../../base/versions.ts';
import type { EventLog } from '../../../events/index.ts';
import type { EngineEvent } from '../../../spec/index.ts';
import { queryFilters, queryTime } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { lineType } from '../../versions/line-type.ts';

/** GET /events: one JSON object per line. From 1.52 on the client's `Accept` decides on the form. */
export const events = defineRoute({
  method: 'GET',
  path: '/events',
  query: z.object({ since: queryTime, until: queryTime, filters: queryFilters }),
  async handle({ query, headers, version, signal }, log: Pick<EventLog, 'subscribe'>) {
    const { since, until, filters } = query;
    if (since !== undefined && until !== undefined && until < since) {
      throw invalid(`\`since\` time (${seconds(since)}) cannot be after \`until\` time (${seconds(until)})`);
    }
    const events = log.subscribe({ since, until, filters }, signal);
    if (compareVersions(version, '1.52') < 0) return { status: 200, lines: withOldNames(events) };
    return { status: 200, lines: events, contentType: lineType(headers.accept) };
  },
});

function seconds(nanos: bigint): string {
  return (nanos / 1_000_000_000n).toString();
}

/** Adds `status`, `id` and `from` for clients before 1.22. dockerd sent them until 1.52. */
async function* withOldNames(source: AsyncIterable<EngineEvent>): AsyncGenerator<object> {
  for await (const event of source) {
    const { ID: id, Attributes: attributes } = event.Actor;
    if (event.Type === 'container') yield { status: event.Action, id, from: attributes['image'] ?? '', ...event };
    else if (event.Type === 'image') yield { status: event.Action, id, ...event };
    else yield event;
  }
}
