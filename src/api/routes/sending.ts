import type { Readable } from 'node:stream';
import { release } from '../../io/index.ts';

/** A reply that sends a stream. The memory of each chunk is released as soon as it is sent. */
export function sending(
  bytes: Readable,
): (send: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<void> {
  return async (send, signal) => {
    const stop = (): void => void bytes.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
        await send(chunk);
        release(chunk);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
}
