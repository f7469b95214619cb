import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { Finding } from '../finding.ts';

/**
 * Immutable blobs by digest, as an OCI image layout on disk.
 *
 * Words: a *blob* is a sequence of bytes, named by its digest. An *ingest* is a blob being written. A *ref* is a
 * caller's name for an ingest that can be resumed.
 *
 * One life of a blob: `ingest` opens an ingest, and `write` appends to it in order and hashes the bytes. `commit`
 * compares the digest with the expected one and renames the file to its final name, so that readers never see a partial
 * blob. When the writer disposes an ingest of a ref without a commit, its bytes stay; a later `ingest` of the same ref
 * continues at `offset`. Readers use `open`, `read` or `path`. `sync` makes the blob survive a power cut. When nothing
 * refers to the blob any more, the collector (`store/gc`) calls `delete`; the store never deletes a blob by itself.
 */
export interface ContentStore {
  readonly root: string;
  has(digest: Digest): boolean;
  /** @throws EngineError notFound `blob sha256:… not found` */
  sizeBytes(digest: Digest): number;
  /** Path of a stored blob, for readers in other threads. */
  path(digest: Digest): string;
  /** Returns the bytes from `start` to `end` (both inclusive, as in HTTP ranges). @throws EngineError notFound */
  open(digest: Digest, range?: { readonly start?: number; readonly end?: number }): Readable;
  /**
   * Returns a small document as a whole. Blocks. @throws EngineError notFound, tooLarge beyond `limitBytes` (default 8
   * MiB)
   */
  read(digest: Digest, limitBytes?: number): Buffer;
  /** {@link read}, parsed as JSON. @throws EngineError invalid when it is not JSON */
  readJson(digest: Digest, limitBytes?: number): unknown;
  /**
   * Opens an ingest. With a `ref` its bytes are kept until a later ingest of the same ref continues at its `offset`.
   * Without one, an ingest that is not committed is deleted. @throws EngineError conflict when the ref is being written
   */
  ingest(ref?: string): Promise<Ingest>;
  /** Deletes the bytes that are kept for a ref, unless it is being written. Idempotent. */
  forgetIngest(ref: string): void;
  /** Stores a small blob at once, under its digest of this algorithm (default sha256). */
  put(bytes: Uint8Array, algorithm?: 'sha256' | 'sha512'): Digest;
  /** Removes a blob. Its file is deleted in the background. Idempotent. */
  delete(digest: Digest): void;
  list(): Digest[];
  /** Makes blobs durable: they survive a power cut after this. Missing blobs are skipped. */
  sync(digests: readonly Digest[]): Promise<void>;
  /** Whether a blob still has its content. Reads the whole blob. */
  verify(digest: Digest): Promise<boolean>;
  /** Rewrites index.json. */
  writeIndex(manifests: readonly Descriptor[]): void;
  /** Deletes resumable ingests that were not touched for this long, by default a week. */
  expireIngests(olderThanSeconds?: number): void;
  /** Resolves when everything deleted so far is off the disk. */
  swept(): Promise<void>;
  /** Stops background work without waiting for it. The next open deletes the rest. */
  close(): void;
  /**
   * Moves a blob whose content does not match its digest to the quarantine. Readers no longer find it, and a person can
   * still examine it. Returns the new path. @throws EngineError notFound
   */
  quarantine(digest: Digest): string;
  /** The quarantined blobs, with their paths. */
  quarantined(): readonly { readonly digest: Digest; readonly path: string }[];
  /** Finds files that no operation needs. */
  audit(): readonly Finding[];
}

/** A blob being written. Disposing it without a commit keeps the bytes of a ref, and deletes those without one. */
export interface Ingest extends AsyncDisposable {
  /** Number of bytes that were there at the open, hashed. Write on from here. */
  readonly offset: number;
  /** Path of the file until the commit, for readers that follow it. */
  readonly path: string;
  /** Number of bytes that such readers find in the file. */
  readonly writtenBytes: number;
  /**
   * Resolves when more may be written, not when the chunk is on disk: a later call throws the errors. The chunk is not
   * used after that.
   * @throws EngineError noSpace
   */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Verifies the blob and stores it, under its sha256 unless a sha512 is expected. A mismatch deletes the bytes.
   * `claim` runs before, in the same tick: a lease can then cover a blob that exists already and might be collected.
   * @throws EngineError invalid when digest or size differ from the expected ones
   */
  commit(
    expected?: { readonly digest?: Digest; readonly sizeBytes?: number },
    claim?: (digest: Digest) => void,
  ): Promise<{
    readonly digest: Digest;
    readonly sizeBytes: number;
  }>;
  /** Deletes the bytes, also of a ref. For data that is known to be wrong. */
  discard(): Promise<void>;
}
