import { Readable } from 'node:stream';

/**
 * Wraps a stream so that destroying the wrapper does not destroy the source. For the body of a request: its destruction
 * would close the connection before the error could be sent. The owner of the source drains it.
 */
export function withoutDestroy(source: Readable): Readable {
  const borrowed = Readable.from(source.iterator({ destroyOnReturn: false }), { objectMode: false });
  // When the source breaks while nobody reads, the next read reports it. Without this listener the error would end the
  // process.
  borrowed.on('error', () => {});
  return borrowed;
}
