import { EngineError } from '../../base/errors.ts';
import type { Repository } from '../../distribution/index.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';

export type FetchReport =
  /** Waiting for a free slot: the number of downloads at a time is limited. */
  | { readonly step: 'waiting' }
  | { readonly step: 'downloading'; readonly current: number }
  | { readonly step: 'verifying' }
  | { readonly step: 'complete' };

export interface FetchBlobDeps extends Pick<ImagesDeps, 'content' | 'collector'> {
  readonly repository: Repository;
}

/**
 * Downloads a blob into the content store, unless the store has it. It continues where an earlier attempt stopped. The
 * blob is retained until the pull releases it, so that a pull after a network failure continues with it.
 * @throws EngineError invalid when the registry sends something other than the descriptor describes
 */
export async function fetchBlob(
  { content, collector, repository }: FetchBlobDeps,
  blob: Descriptor,
  report: (report: FetchReport) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!content.has(blob.digest)) {
    await using ingest = await content.ingest(blob.digest);
    const resumed = ingest.offset > 0;
    let offset = ingest.offset;
    if (offset > blob.size) {
      await ingest.discard();
      continue;
    }
    const sink = {
      get offset() {
        return offset;
      },
      async write(chunk: Uint8Array) {
        await ingest.write(chunk);
        offset += chunk.length;
        report({ step: 'downloading', current: offset });
      },
    };
    await repository.download(blob, sink, signal);
    report({ step: 'verifying' });
    try {
      await ingest.commit({ digest: blob.digest, sizeBytes: blob.size }, (digest) => collector.retain(digest));
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'invalid') throw error;
      // The bytes of an earlier attempt may be damaged: try once more, from the start.
      if (resumed) continue;
      throw new EngineError('invalid', `filesystem layer verification failed for digest ${blob.digest}`, {
        cause: error,
      });
    }
  }
  report({ step: 'complete' });
}
