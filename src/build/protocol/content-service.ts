import type { Digest } from '../../base/ids.ts';
import { parseDigest } from '../../base/ids.ts';
import type { Handlers } from '../../grpc/index.ts';
import type { content } from '../../grpc/messages/content.ts';
import type { ContentStore } from '../../store/index.ts';

interface ReadableContent extends Pick<ContentStore, 'sizeBytes' | 'open'> {
  /** A document of the history, which is not in the store. */
  document(digest: string): Buffer | undefined;
}

const CHUNK_BYTES = 1 << 20;

/** Handlers of containerd's content service, for readers: of what the history names, and of the engine's blobs. */
export function contentHandlers(store: ReadableContent): Handlers<typeof content> {
  return {
    async Info(request) {
      const digest = parseDigest(request.digest);
      return { info: { digest, size: store.document(digest)?.length ?? store.sizeBytes(digest) } };
    },
    Read: (request) => read(store, { ...request, digest: parseDigest(request.digest) }),
  };
}

async function* read(
  store: ReadableContent,
  { digest, offset, size }: { readonly digest: Digest; readonly offset: number; readonly size: number },
): AsyncGenerator<{ offset: number; data: Uint8Array }, void, undefined> {
  const document = store.document(digest);
  const total = document?.length ?? store.sizeBytes(digest);
  const end = size > 0 ? Math.min(total, offset + size) : total;
  if (offset >= end) return;
  let at = offset;
  const chunks =
    document === undefined ? store.open(digest, { start: offset, end: end - 1 }) : [document.subarray(offset, end)];
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; from += CHUNK_BYTES) {
      const data = chunk.subarray(from, from + CHUNK_BYTES);
      yield { offset: at, data };
      at += data.length;
    }
  }
}
