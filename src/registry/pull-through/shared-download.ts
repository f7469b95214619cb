import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '../../base/ids.ts';
import type { ContentStore, Ingest } from '../../store/index.ts';
import type { ByteSource } from '../http/send-file.ts';
import type { UpstreamSink } from './upstream.ts';

/** One download of a blob that any number of clients read meanwhile, each at its own pace. */
export interface SharedDownload {
  /**
   * Returns a reader. Its reads wait for the bytes, and fail when the download does. The last byte is returned only
   * once the whole blob was verified, so that a wrong blob breaks off. When the last reader closes, the download is
   * stopped.
   */
  read(): ByteSource;
  /** Resolves at the end of the download, with whether the blob is stored. */
  readonly ended: Promise<boolean>;
  /**
   * Whether {@link read} may be called: the download has neither ended nor is being stopped. A stopped download keeps
   * its bytes for the next one.
   */
  readonly isComing: boolean;
}

export interface SharedDownloadDeps {
  readonly content: Pick<ContentStore, 'ingest'>;
  readonly blob: { readonly digest: Digest; readonly sizeBytes: number };
  /** Downloads the bytes. */
  readonly fetch: (sink: UpstreamSink, signal: AbortSignal) => Promise<void>;
  /** Called in the same tick as the blob's publication. */
  readonly claim: () => void;
  /** Called after the publication. The download ends with it. */
  readonly store: () => Promise<void>;
  /** Called with the error, unless the download was stopped. */
  readonly failed: (error: unknown) => void;
}

/** @throws EngineError noSpace when nothing can be written */
export async function startSharedDownload(deps: SharedDownloadDeps): Promise<SharedDownload> {
  const ingest = await deps.content.ingest(`registry cache ${deps.blob.digest}`);
  // All readers read from this handle at their positions. It stays valid when the file is renamed.
  const handle = await open(ingest.path, 'r').catch(async (error: unknown) => {
    await ingest[Symbol.asyncDispose]();
    throw error;
  });
  return new RunningDownload(deps, ingest, handle);
}

class RunningDownload implements SharedDownload {
  readonly ended: Promise<boolean>;
  readonly #deps: SharedDownloadDeps;
  readonly #ingest: Ingest;
  readonly #handle: FileHandle;
  readonly #abort = new AbortController();
  #readers = 0;
  #state: 'coming' | 'there' | 'failed' = 'coming';
  #failure: unknown;
  #change = Promise.withResolvers<void>();

  constructor(deps: SharedDownloadDeps, ingest: Ingest, handle: FileHandle) {
    this.#deps = deps;
    this.#ingest = ingest;
    this.#handle = handle;
    this.ended = this.#fetch();
  }

  get isComing(): boolean {
    return this.#state === 'coming' && !this.#abort.signal.aborted;
  }

  read(): ByteSource {
    this.#readers += 1;
    let isOpen = true;
    return {
      read: async (buffer, length, position) => {
        for (;;) {
          if (!isOpen) throw new Error('the reader has left');
          const there = this.#readable();
          if (there > position) {
            return (await this.#handle.read(buffer, 0, Math.min(length, there - position), position)).bytesRead;
          }
          await this.#change.promise;
        }
      },
      close: async () => {
        if (!isOpen) return;
        isOpen = false;
        this.#readers -= 1;
        this.#wake();
        if (this.#readers === 0 && this.#state === 'coming') this.#abort.abort();
        await this.#closeIfUnused();
      },
    };
  }

  async #fetch(): Promise<boolean> {
    const { blob, fetch, claim, store, failed } = this.#deps;
    try {
      await fetch(this.#sink(), this.#abort.signal);
      await this.#ingest.commit(blob, claim);
      await store();
      this.#state = 'there';
    } catch (error) {
      this.#state = 'failed';
      this.#failure = error;
      if (!this.#abort.signal.aborted) failed(error);
    }
    await Promise.resolve(this.#ingest[Symbol.asyncDispose]()).catch(() => {});
    this.#wake();
    await this.#closeIfUnused();
    return this.#state === 'there';
  }

  #sink(): UpstreamSink {
    let { offset } = this.#ingest;
    return {
      get offset() {
        return offset;
      },
      write: async (chunk) => {
        const { length } = chunk;
        await this.#ingest.write(chunk);
        offset += length;
        this.#wake();
      },
    };
  }

  /** Number of bytes that may be read by now. */
  #readable(): number {
    const { sizeBytes } = this.#deps.blob;
    if (this.#state === 'failed') throw this.#failure;
    return this.#state === 'there' ? sizeBytes : Math.min(this.#ingest.writtenBytes, sizeBytes - 1);
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  async #closeIfUnused(): Promise<void> {
    if (this.#readers === 0 && this.#state !== 'coming') await this.#handle.close();
  }
}
