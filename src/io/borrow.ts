import { Readable } from 'node:stream';

/**
 * A stream to hand on that leaves the lender's alone: destroying it, or failing on it, does not destroy the source. For the
 * body of a request, whose end would close the connection before the error could be answered. The lender drains it.
 */
export function borrowStream(source: Readable): Readable {
  const borrowed = Readable.from(source.iterator({ destroyOnReturn: false }), { objectMode: false });
  // Should the source break while nobody reads, the next read tells of it: unheard, it would end the process.
  borrowed.on('error', () => {});
  return borrowed;
}
