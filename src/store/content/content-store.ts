import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { Finding } from '../check/finding.ts';

/**
 * Immutable blobs by digest, as an OCI image layout on disk.
 *
 * A blob comes in through an *ingest*: written in order, hashed on the way, verified, then given its name at once. Nobody
 * sees half a blob, and a blob that is there has the content its digest says. What no image refers to goes when the
 * collector says so (`store/gc`), never by itself.
 */
export interface ContentStore {
  readonly root: string;
  has(digest: Digest): boolean;
  /** @throws EngineError notFound `blob sha256:… not found` */
  sizeBytes(digest: Digest): number;
  /** File of a blob that is there: for readers in other threads. */
  path(digest: Digest): string;
  /** Bytes from `start` to `end` (both inclusive, as HTTP ranges are). @throws EngineError notFound */
  open(digest: Digest, range?: { readonly start?: number; readonly end?: number }): Readable;
  /** A small document, whole; blocks. @throws EngineError notFound, tooLarge beyond `limitBytes` (default 8 MiB) */
  read(digest: Digest, limitBytes?: number): Buffer;
  /** {@link read}, parsed. @throws EngineError invalid when it is no JSON */
  readJson(digest: Digest, limitBytes?: number): unknown;
  /**
   * Starts writing. With a `ref` what was written is kept until a later ingest of the same ref goes on at its `offset`;
   * without one it goes with the ingest. @throws EngineError conflict when the ref is being written
   */
  ingest(ref?: string): Promise<Ingest>;
  /** Deletes what ingests of a ref have left, unless one is being written. Idempotent. */
  forgetIngest(ref: string): void;
  /** A small blob in one go, under its digest of this algorithm (default sha256). */
  put(bytes: Uint8Array, algorithm?: 'sha256' | 'sha512'): Digest;
  /** Moves a blob away; deleted in the background. Idempotent. */
  delete(digest: Digest): void;
  list(): Digest[];
  /** Makes blobs durable: they survive a power cut after this. Missing ones are passed over. */
  sync(digests: readonly Digest[]): Promise<void>;
  /** Whether a blob still has its content. Reads it all. */
  verify(digest: Digest): Promise<boolean>;
  /** Rewrites index.json. */
  writeIndex(manifests: readonly Descriptor[]): void;
  /** Forgets resumable ingests not touched for so long, by default a week. */
  expireIngests(olderThanSeconds?: number): void;
  /** Resolves when what was deleted so far is off the disk. */
  swept(): Promise<void>;
  /** Ends what goes on in the background, and waits for none of it: the next open goes on with what was deleted. */
  close(): void;
  /**
   * Puts a blob aside that is not what its digest says: readers no longer find it, and nothing is lost that somebody may want
   * to look at. Answers where it is. @throws EngineError notFound
   */
  quarantine(digest: Digest): string;
  /** What was put aside, with its file. */
  quarantined(): readonly { readonly digest: Digest; readonly path: string }[];
  /** Files that belong to nothing that goes on. */
  audit(): readonly Finding[];
}

/** A blob being written. Disposing it without a commit keeps the bytes of a ref, and deletes those of no ref. */
export interface Ingest extends AsyncDisposable {
  /** Bytes there already, hashed. Write on from here. */
  readonly offset: number;
  /** Where it is written until it is committed: for readers that follow it. */
  readonly path: string;
  /** Bytes that such readers find there. */
  readonly writtenBytes: number;
  /**
   * Resolves when more may be written, not when it is on disk: errors come with a later call. The chunk is only needed
   * until then.
   * @throws EngineError noSpace
   */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Verifies and publishes the blob, under its sha256 unless a sha512 is expected. A mismatch deletes what was written. `claim` runs before, in one go with it: for a
   * lease to cover a blob that is there already and might be collected.
   * @throws EngineError invalid when digest or size differ from what is expected
   */
  commit(
    expected?: { readonly digest?: Digest; readonly sizeBytes?: number },
    claim?: (digest: Digest) => void,
  ): Promise<{
    readonly digest: Digest;
    readonly sizeBytes: number;
  }>;
  /** Deletes what was written, also of a ref: for data known to be wrong. */
  discard(): Promise<void>;
}
