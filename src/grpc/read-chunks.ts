import type { Http2Stream } from 'node:http2';
import { code, GrpcError } from './status.ts';

/** What is taken from a stream ahead of its consumer. More stays with node:http2, and closes the sender's window. */
const MAX_QUEUED_BYTES = 256 * 1024;

/**
 * Reads a stream to its end in the pieces in which it came. Reading a stream as an async iterable would join all that is
 * buffered into one piece first: up to a whole window, copied. A consumer that stops early leaves the stream open.
 * @throws GrpcError unavailable when the stream is closed before its end
 */
export async function* readChunks(stream: Http2Stream): AsyncGenerator<Buffer, void, undefined> {
  let queue: Buffer[] = [];
  let queuedBytes = 0;
  let ended = stream.readableEnded;
  let closed = stream.destroyed;
  let wake = (): void => undefined;
  const onData = (chunk: Buffer): void => {
    queue.push(chunk);
    queuedBytes += chunk.length;
    if (queuedBytes >= MAX_QUEUED_BYTES) stream.pause();
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const onClose = (): void => {
    closed = true;
    wake();
  };
  stream.on('data', onData).once('end', onEnd).once('close', onClose);
  try {
    for (;;) {
      const chunks = queue;
      queue = [];
      queuedBytes = 0;
      yield* chunks;
      if (queue.length > 0) continue;
      if (ended) return;
      if (closed) throw new GrpcError(code.unavailable, 'stream was closed');
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      stream.resume();
      await promise;
    }
  } finally {
    stream.off('data', onData).off('end', onEnd).off('close', onClose);
    stream.pause();
  }
}
