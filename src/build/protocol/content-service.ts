import type { Digest } from '../../base/ids.ts';
import { parseDigest } from '../../base/ids.ts';
import type { ContentStore } from '../../store/index.ts';
import type { Handlers } from '../grpc/index.ts';
import type { content } from '../grpc/messages/content.ts';

type ReadableContent = Pick<ContentStore, 'sizeBytes' | 'open'>;

const CHUNK_BYTES = 1 << 20;

/** Handlers of containerd's content service, for readers: blobs that the history names. */
export function contentHandlers(store: ReadableContent): Handlers<typeof content> {
  return {
    async Info(request) {
      const digest = parseDigest(request.digest);
      return { info: { digest, size: store.sizeBytes(digest) } };
    },
    Read: (request) => read(store, { ...request, digest: parseDigest(request.digest) }),
  };
}

async function* read(
  store: ReadableContent,
  { digest, offset, size }: { readonly digest: Digest; readonly offset: number; readonly size: number },
): AsyncGenerator<{ offset: number; data: Uint8Array }, void, undefined> {
  const total = store.sizeBytes(digest);
  const end = size > 0 ? Math.min(total, offset + size) : total;
  if (offset >= end) return;
  let at = offset;
  for await (const chunk of store.open(digest, { start: offset, end: end - 1 })) {
    for (let from = 0; from < chunk.length; from += CHUNK_BYTES) {
      const data = chunk.subarray(from, from + CHUNK_BYTES);
      yield { offset: at, data };
      at += data.length;
    }
  }
}
