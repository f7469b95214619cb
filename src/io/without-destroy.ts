import { Readable } from 'node:stream';

/**
 * Wraps a stream so that destroying the wrapper does not destroy the source. For the body of a request: its destruction
 * would close the connection before the error could be sent. A destroyed wrapper leaves the source paused and without
 * listeners: its owner drains it with `resume`.
 */
export function withoutDestroy(source: Readable): Readable {
  const cut = (): Error => Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  const borrowed = new Readable({
    read: () => void source.resume(),
    destroy(error, done) {
      source.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      source.pause();
      done(error);
    },
  });
  const onData = (chunk: Buffer): void => {
    if (!borrowed.push(chunk)) source.pause();
  };
  const onEnd = (): void => void borrowed.push(null);
  const onError = (error: Error): void => void borrowed.destroy(error);
  const onClose = (): void => {
    if (!source.readableEnded) borrowed.destroy(cut());
  };
  // When the source breaks while nobody reads, the next read reports it. Without this listener the error would end the
  // process.
  borrowed.on('error', () => {});
  source.pause();
  source.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  if (source.readableEnded) onEnd();
  else if (source.destroyed) onError(source.errored ?? cut());
  return borrowed;
}
