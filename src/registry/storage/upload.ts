import { EngineError } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../base/ids.ts';
import { release } from '../../io/index.ts';
import type { ContentStore, Ingest } from '../../store/index.ts';
import { RegistryError } from '../errors.ts';
import type { RepositoryName } from '../names.ts';
import type { UploadRecord } from './records.ts';

export interface UploadLimits {
  /** Of one blob. */
  readonly maxBlobBytes: number;
  /** @throws RegistryError DENIED when the repository may not take so many bytes more */
  readonly requireRoom: (repository: RepositoryName, moreBytes: number) => void;
}

/** One blob on its way in. One request writes at a time: a newer one takes over from an older, whose client is gone. */
export interface Upload {
  readonly id: string;
  readonly repository: RepositoryName;
  /** Bytes known to have come, without opening anything: 0 after a restart until it is gone on with. */
  readonly writtenBytes: number;
  /** Milliseconds of the deps' clock. */
  readonly touchedAt: number;
  /** Bytes there. After a restart this hashes them. */
  size(): Promise<number>;
  /**
   * Appends a body, whose chunks it consumes; answers the size then. A body that breaks off leaves what came. `from` is where it must begin.
   * @throws RegistryError RANGE_INVALID, SIZE_INVALID beyond the limit, DENIED beyond the quota, 408 for one that trickles
   */
  append(body: AsyncIterable<Uint8Array>, options?: AppendOptions): Promise<number>;
  /** Verifies and publishes, with `claim` in one go. Ends the upload, whatever comes. @throws RegistryError DIGEST_INVALID */
  commit(digest: Digest, claim: () => void): Promise<{ readonly sizeBytes: number }>;
  /** Forgets it with its bytes. */
  cancel(): Promise<void>;
  /** Closes the file; bytes and record stay. */
  rest(): Promise<void>;
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
  /** Forgets the upload's record. */
  readonly ended: () => void;
}

/** A body that after a while has not come at this speed is broken off: its sender wants to hold the upload open. */
const SLOW_AFTER_MS = 300_000;
const SLOW_BYTES_PER_SECOND = 256;

/** A file that no request writes to is closed after this; opening it again hashes it again. */
const REST_AFTER_MS = 60_000;

export function createUpload(record: UploadRecord, deps: UploadDeps): Upload {
  const { id, repository } = record;
  let ingest: Ingest | undefined;
  let size = 0;
  let touchedAt = deps.now();
  let over = false;
  let writer: { readonly interrupt: () => void } | undefined;
  // One after the other: each step waits for the one before, however that ended.
  let last: Promise<unknown> = Promise.resolve();
  let opening: Promise<unknown> | undefined;
  let resting: NodeJS.Timeout | undefined;

  const gone = (): RegistryError => new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');

  const opened = async (): Promise<Ingest> => {
    if (over) throw gone();
    if (ingest === undefined) {
      ingest = await deps.content.ingest(`registry upload ${id}`);
      size = ingest.offset;
    }
    return ingest;
  };
  const close = async (): Promise<void> => {
    const closed = ingest;
    ingest = undefined;
    await closed?.[Symbol.asyncDispose]();
  };
  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    clearTimeout(resting);
    const turn = last.then(step, step).finally(() => {
      touchedAt = deps.now();
      clearTimeout(resting);
      if (!over) resting = setTimeout(() => void inTurn(close).catch(() => {}), REST_AFTER_MS).unref();
    });
    last = turn.catch(() => {});
    return turn;
  };
  /** Before an append, as a turn of its own: whoever asks for the size waits for the file, not for the body. */
  const open = (): Promise<unknown> => {
    opening ??= inTurn(opened).finally(() => {
      opening = undefined;
    });
    return opening;
  };
  const end = async (): Promise<void> => {
    if (over) return;
    over = true;
    clearTimeout(resting);
    const ended = ingest ?? (await deps.content.ingest(`registry upload ${id}`));
    ingest = undefined;
    await ended.discard();
    deps.ended();
  };

  const append = async (body: AsyncIterable<Uint8Array>, options: AppendOptions): Promise<number> => {
    const target = await opened();
    if (options.from !== undefined && options.from !== size) {
      throw new RegistryError('RANGE_INVALID', `the upload has ${size} bytes, not ${options.from}`);
    }
    const mine = { interrupt: options.interrupt ?? (() => {}) };
    writer = mine;
    const [begun, before] = [deps.now(), size];
    try {
      for await (const chunk of body) {
        const milliseconds = deps.now() - begun;
        if (milliseconds > SLOW_AFTER_MS && (size - before) / milliseconds < SLOW_BYTES_PER_SECOND / 1000) {
          throw new RegistryError('BLOB_UPLOAD_INVALID', 'the body comes too slowly', { status: 408 });
        }
        if (size + chunk.length > deps.limits.maxBlobBytes) {
          throw new RegistryError('SIZE_INVALID', `a blob may have at most ${deps.limits.maxBlobBytes} bytes`, {
            status: 413,
          });
        }
        deps.limits.requireRoom(repository, chunk.length);
        await target.write(chunk);
        size += chunk.length;
        release(chunk);
        touchedAt = deps.now();
      }
      return size;
    } catch (error) {
      // After a failed write only the file knows what it has.
      if (error instanceof EngineError) await close();
      throw error;
    } finally {
      if (writer === mine) writer = undefined;
    }
  };

  return {
    id,
    repository,
    get writtenBytes() {
      return size;
    },
    get touchedAt() {
      return touchedAt;
    },
    async size() {
      if (ingest === undefined) await open();
      return size;
    },
    append(body, options = {}) {
      writer?.interrupt();
      // A failure shows in the turn after it.
      if (ingest === undefined) open().catch(() => {});
      return inTurn(() => append(body, options));
    },
    commit(digest, claim) {
      return inTurn(async () => {
        const target = await opened();
        try {
          return await target.commit({ digest }, claim);
        } catch (error) {
          if (!(error instanceof EngineError) || error.kind !== 'invalid') throw error;
          throw new RegistryError('DIGEST_INVALID', `the upload's content is not ${digestHex(digest)}`, {
            cause: error,
          });
        } finally {
          over = true;
          clearTimeout(resting);
          ingest = undefined;
          await target[Symbol.asyncDispose]();
          deps.ended();
        }
      });
    },
    cancel() {
      writer?.interrupt();
      return inTurn(end);
    },
    rest() {
      writer?.interrupt();
      return inTurn(close);
    },
  };
}
