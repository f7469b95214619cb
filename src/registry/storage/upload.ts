import { EngineError } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../base/ids.ts';
import { release } from '../../io/index.ts';
import type { ContentStore, Ingest } from '../../store/index.ts';
import { RegistryError } from '../errors.ts';
import type { RepositoryName } from '../names.ts';
import type { UploadRecord } from './records.ts';

export interface UploadLimits {
  /** Limit of one blob. */
  readonly maxBlobBytes: number;
  /** @throws RegistryError DENIED when the repository may not hold this many more bytes */
  readonly checkQuota: (repository: RepositoryName, moreBytes: number) => void;
}

/**
 * One blob being uploaded. One request writes at a time: a newer request takes over from an older one, whose client has
 * closed the connection.
 */
export interface Upload {
  readonly id: string;
  readonly repository: RepositoryName;
  /** Number of bytes, as far as it is known without opening the file: 0 after a restart until the upload continues. */
  readonly writtenBytes: number;
  /** Milliseconds of the clock in the dependencies. */
  readonly touchedAt: number;
  /** Number of bytes. After a restart this hashes them. */
  size(): Promise<number>;
  /**
   * Appends a body, and consumes its chunks. Returns the size afterwards. An interrupted body leaves its received
   * bytes. `from` is the required start.
   * @throws RegistryError RANGE_INVALID, SIZE_INVALID beyond the limit, DENIED beyond the quota, 408 for a slow body
   */
  append(body: AsyncIterable<Uint8Array>, options?: AppendOptions): Promise<number>;
  /**
   * Verifies and publishes the blob, with `claim` in the same tick. Ends the upload in any case. @throws RegistryError
   * DIGEST_INVALID
   */
  commit(digest: Digest, claim: () => void): Promise<{ readonly sizeBytes: number }>;
  /** Deletes the upload with its bytes. */
  cancel(): Promise<void>;
  /** Closes the file. Bytes and record stay. */
  closeFile(): Promise<void>;
}

export interface AppendOptions {
  readonly from?: number;
  /** Ends the body's source, for a newer request that takes over. */
  readonly interrupt?: () => void;
}

export interface UploadDeps {
  readonly content: Pick<ContentStore, 'ingest'>;
  readonly limits: UploadLimits;
  readonly now: () => number;
  /** Deletes the upload's record. */
  readonly ended: () => void;
}

/**
 * A body that is slower than the limit after this time is refused: its sender may only want to hold the upload open.
 */
const SLOW_AFTER_MS = 300_000;
const SLOW_BYTES_PER_SECOND = 256;

/** A file that no request writes to is closed after this time. Opening it again hashes it again. */
const CLOSE_AFTER_MS = 60_000;

export function createUpload(record: UploadRecord, deps: UploadDeps): Upload {
  return new IncomingUpload(record, deps);
}

class IncomingUpload implements Upload {
  readonly id: string;
  readonly repository: RepositoryName;
  readonly #deps: UploadDeps;
  #ingest: Ingest | undefined;
  #size = 0;
  #touchedAt: number;
  #over = false;
  #writer: { readonly interrupt: () => void } | undefined;
  // Steps run one after the other. Each waits for the one before, however that ended.
  #last: Promise<unknown> = Promise.resolve();
  #opening: Promise<unknown> | undefined;
  #closing: NodeJS.Timeout | undefined;

  constructor({ id, repository }: UploadRecord, deps: UploadDeps) {
    this.id = id;
    this.repository = repository;
    this.#deps = deps;
    this.#touchedAt = deps.now();
  }

  get writtenBytes(): number {
    return this.#size;
  }

  get touchedAt(): number {
    return this.#touchedAt;
  }

  async size(): Promise<number> {
    if (this.#ingest === undefined) await this.#open();
    return this.#size;
  }

  append(body: AsyncIterable<Uint8Array>, options: AppendOptions = {}): Promise<number> {
    this.#writer?.interrupt();
    // The next step reports a failure.
    if (this.#ingest === undefined) this.#open().catch(() => {});
    return this.#inTurn(() => this.#append(body, options));
  }

  commit(digest: Digest, claim: () => void): Promise<{ readonly sizeBytes: number }> {
    return this.#inTurn(async () => {
      const target = await this.#opened();
      try {
        return await target.commit({ digest }, claim);
      } catch (error) {
        if (!(error instanceof EngineError) || error.kind !== 'invalid') throw error;
        throw new RegistryError('DIGEST_INVALID', `the upload's content is not ${digestHex(digest)}`, { cause: error });
      } finally {
        this.#over = true;
        clearTimeout(this.#closing);
        this.#ingest = undefined;
        await target[Symbol.asyncDispose]();
        this.#deps.ended();
      }
    });
  }

  cancel(): Promise<void> {
    this.#writer?.interrupt();
    return this.#inTurn(() => this.#end());
  }

  closeFile(): Promise<void> {
    this.#writer?.interrupt();
    return this.#inTurn(() => this.#close());
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    clearTimeout(this.#closing);
    const turn = this.#last.then(step, step).finally(() => {
      this.#touchedAt = this.#deps.now();
      clearTimeout(this.#closing);
      if (!this.#over) this.#closing = setTimeout(() => this.#closeSoon(), CLOSE_AFTER_MS).unref();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  #closeSoon(): void {
    this.#inTurn(() => this.#close()).catch(() => {});
  }

  /** A step of its own before an append: a request for the size waits for the file, but not for the body. */
  #open(): Promise<unknown> {
    this.#opening ??= this.#inTurn(() => this.#opened()).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #opened(): Promise<Ingest> {
    if (this.#over) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    if (this.#ingest === undefined) {
      this.#ingest = await this.#deps.content.ingest(`registry upload ${this.id}`);
      this.#size = this.#ingest.offset;
    }
    return this.#ingest;
  }

  async #close(): Promise<void> {
    const closed = this.#ingest;
    this.#ingest = undefined;
    await closed?.[Symbol.asyncDispose]();
  }

  async #end(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#closing);
    const ended = this.#ingest ?? (await this.#deps.content.ingest(`registry upload ${this.id}`));
    this.#ingest = undefined;
    await ended.discard();
    this.#deps.ended();
  }

  async #append(body: AsyncIterable<Uint8Array>, { from, interrupt = () => {} }: AppendOptions): Promise<number> {
    const target = await this.#opened();
    if (from !== undefined && from !== this.#size) {
      throw new RegistryError('RANGE_INVALID', `the upload has ${this.#size} bytes, not ${from}`);
    }
    const mine = { interrupt };
    this.#writer = mine;
    const begin = { at: this.#deps.now(), bytes: this.#size };
    try {
      for await (const chunk of body) {
        this.#check(chunk.length, begin);
        await target.write(chunk);
        this.#size += chunk.length;
        release(chunk);
        this.#touchedAt = this.#deps.now();
      }
      return this.#size;
    } catch (error) {
      // After a failed write only the file shows how many bytes it has.
      if (error instanceof EngineError) await this.#close();
      throw error;
    } finally {
      if (this.#writer === mine) this.#writer = undefined;
    }
  }

  /** Whether this many more bytes may be written. @throws RegistryError */
  #check(moreBytes: number, begin: { readonly at: number; readonly bytes: number }): void {
    const { limits, now } = this.#deps;
    const milliseconds = now() - begin.at;
    if (milliseconds > SLOW_AFTER_MS && (this.#size - begin.bytes) / milliseconds < SLOW_BYTES_PER_SECOND / 1000) {
      throw new RegistryError('BLOB_UPLOAD_INVALID', 'the body comes too slowly', { status: 408 });
    }
    if (this.#size + moreBytes > limits.maxBlobBytes) {
      throw new RegistryError('SIZE_INVALID', `a blob may have at most ${limits.maxBlobBytes} bytes`, { status: 413 });
    }
    limits.checkQuota(this.repository, moreBytes);
  }
}
