import { open } from 'node:fs/promises';
import type { Digest } from '../../base/ids.ts';
import type { ContentStore } from '../../store/index.ts';
import type { ByteSource } from '../http/send-file.ts';
import type { UpstreamSink } from './upstream.ts';

/** One fetch of a blob that any number of clients read while it comes, each at its own pace. */
export interface SharedDownload {
  /**
   * The bytes as they come: a read waits for them, and fails when the fetch does. The last byte is given out only once the whole
   * was verified, so that what is wrong breaks off. When the last reader closes, the fetch is given up.
   */
  read(): ByteSource;
  /** Resolves with whether the blob is there when the fetch is over. */
  readonly ended: Promise<boolean>;
  /** Whether {@link read} makes sense: it is neither over nor being given up. What came is kept for the next fetch. */
  readonly isComing: boolean;
}

export interface SharedDownloadDeps {
  readonly content: Pick<ContentStore, 'ingest'>;
  readonly blob: { readonly digest: Digest; readonly sizeBytes: number };
  /** Brings the bytes. */
  readonly fetch: (sink: UpstreamSink, signal: AbortSignal) => Promise<void>;
  /** In one go with the blob's publication. */
  readonly claim: () => void;
  /** After the publication; then the download is over. */
  readonly store: () => Promise<void>;
  /** Told why it failed, unless it was given up. */
  readonly failed: (error: unknown) => void;
}

/** @throws EngineError noSpace when nothing can be written */
export async function startSharedDownload(deps: SharedDownloadDeps): Promise<SharedDownload> {
  const { digest, sizeBytes } = deps.blob;
  const ingest = await deps.content.ingest(`registry cache ${digest}`);
  // All readers read from this one at positions, whatever name the file has by then.
  const handle = await open(ingest.path, 'r').catch(async (error: unknown) => {
    await ingest[Symbol.asyncDispose]();
    throw error;
  });
  const abort = new AbortController();
  let offset = ingest.offset;
  let readers = 0;
  let state: 'coming' | 'there' | 'failed' = 'coming';
  let failure: unknown;
  let change = Promise.withResolvers<void>();
  const wake = (): void => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const closeIfUnused = async (): Promise<void> => {
    if (readers === 0 && state !== 'coming') await handle.close();
  };
  /** Bytes that may be read by now. */
  const readable = (): number => {
    if (state === 'failed') throw failure;
    return state === 'there' ? sizeBytes : Math.min(ingest.writtenBytes, sizeBytes - 1);
  };

  const fetch = async (): Promise<boolean> => {
    const sink: UpstreamSink = {
      get offset() {
        return offset;
      },
      async write(chunk) {
        const { length } = chunk;
        await ingest.write(chunk);
        offset += length;
        wake();
      },
    };
    try {
      await deps.fetch(sink, abort.signal);
      await ingest.commit({ digest, sizeBytes }, deps.claim);
      await deps.store();
      state = 'there';
    } catch (error) {
      state = 'failed';
      failure = error;
      if (!abort.signal.aborted) deps.failed(error);
    }
    await Promise.resolve(ingest[Symbol.asyncDispose]()).catch(() => {});
    wake();
    await closeIfUnused();
    return state === 'there';
  };
  const ended = fetch();

  return {
    ended,
    get isComing() {
      return state === 'coming' && !abort.signal.aborted;
    },
    read() {
      readers += 1;
      let isOpen = true;
      return {
        async read(buffer, length, position) {
          for (;;) {
            if (!isOpen) throw new Error('the reader has left');
            const there = readable();
            if (there > position) {
              return (await handle.read(buffer, 0, Math.min(length, there - position), position)).bytesRead;
            }
            await change.promise;
          }
        },
        async close() {
          if (!isOpen) return;
          isOpen = false;
          readers -= 1;
          wake();
          if (readers === 0 && state === 'coming') abort.abort();
          await closeIfUnused();
        },
      };
    },
  };
}
