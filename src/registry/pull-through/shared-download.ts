import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { ContentStore } from '../../store/index.ts';
import type { ByteRange } from '../http/range.ts';
import { followFile, type GrowingFile } from './follow-file.ts';
import type { UpstreamSink } from './upstream.ts';

/** One fetch of a blob that any number of clients read while it comes. */
export interface SharedDownload {
  /** A part of it. The last byte is given out only once the whole was verified: what is wrong breaks off. */
  read(range: ByteRange): Readable;
  /** Resolves with whether the blob is there when the fetch is over. */
  readonly ended: Promise<boolean>;
  /** Everybody left, and so it is being given up: nothing to join. What came is kept for the next. */
  readonly abandoned: boolean;
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
  /** Told why it failed, unless it was abandoned. */
  readonly failed: (error: unknown) => void;
}

/** @throws EngineError noSpace when nothing can be written */
export async function startSharedDownload(deps: SharedDownloadDeps): Promise<SharedDownload> {
  const { digest, sizeBytes } = deps.blob;
  const ingest = await deps.content.ingest(`registry cache ${digest}`);
  const handle = await open(ingest.path, 'r').catch(async (error: unknown) => {
    await ingest[Symbol.asyncDispose]();
    throw error;
  });
  const abort = new AbortController();
  let offset = ingest.offset;
  let interested = 0;
  // Readers, and the fetch itself.
  let users = 1;
  let state: 'coming' | 'there' | 'failed' = 'coming';
  let failure: unknown;
  let change = Promise.withResolvers<void>();
  const wake = (): void => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const release = (): void => {
    users -= 1;
    if (users === 0) void handle.close().catch(() => {});
  };

  const fetch = async (): Promise<boolean> => {
    const sink: UpstreamSink = {
      get offset() {
        return offset;
      },
      async write(chunk) {
        await ingest.write(chunk);
        offset += chunk.length;
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
    release();
    return state === 'there';
  };
  const ended = fetch();

  const file: GrowingFile = {
    handle,
    readable() {
      if (state === 'failed') throw failure;
      return state === 'there' ? sizeBytes : Math.min(ingest.writtenBytes, sizeBytes - 1);
    },
    changed: () => change.promise,
  };
  return {
    ended,
    get abandoned() {
      return abort.signal.aborted;
    },
    read(range) {
      users += 1;
      interested += 1;
      return followFile(file, range, release).once('close', () => {
        interested -= 1;
        if (interested === 0 && state === 'coming') abort.abort();
      });
    },
  };
}
