import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { Repository } from '../../distribution/index.ts';
import type { Descriptor } from '../../spec/index.ts';

/** Streams a blob from an offset on. The receiver verifies it. */
export function streamBlob(repository: Repository, blob: Descriptor, from: number, signal: AbortSignal): Readable {
  const out = new PassThrough();
  let offset = from;
  const sink = {
    get offset() {
      return offset;
    },
    async write(chunk: Uint8Array) {
      offset += chunk.length;
      // The chunk's memory may be reused once this resolves.
      if (!out.write(Buffer.from(chunk))) await once(out, 'drain');
    },
  };
  repository.download(blob, sink, signal).then(
    () => out.end(),
    (error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return out;
}
