import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';

/**
 * One repository of a registry, as the distribution specification 1.1 has it. Reads ask mirrors first and fall back to
 * the registry; writes go to the registry alone. Everything that comes from outside is verified before it is returned.
 */
export interface Repository {
  /** `docker.io/library/busybox`. */
  readonly name: string;
  /** By tag or digest, verified. @throws EngineError notFound, unauthorized, forbidden, tooLarge, invalid for a wrong digest */
  manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest>;
  /** Without its body where the registry answers HEAD fully. Same errors. */
  resolve(reference: string, signal: AbortSignal): Promise<Descriptor>;
  /** Writes a blob from the sink's offset to its end, through interruptions. The sink verifies. */
  download(blob: Descriptor, sink: BlobSink, signal: AbortSignal): Promise<void>;
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /**
   * Puts a blob there unless it is: looks, tries to mount it from a repository of the same registry, uploads, resuming
   * where an interrupted upload stopped.
   */
  upload(blob: UploadBlob, signal: AbortSignal): Promise<UploadOutcome>;
  /** Answers the digest that the registry confirms. */
  putManifest(
    reference: string,
    manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<Digest>;
  deleteManifest(digest: Digest, signal: AbortSignal): Promise<void>;
  /** Every tag, page by page. */
  tags(signal: AbortSignal): Promise<readonly string[]>;
  /** Descriptors of the manifests whose subject is this digest. */
  referrers(digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
}

export type UploadOutcome =
  | { readonly how: 'exists' | 'uploaded' }
  /** `from`: a repository of the same registry. */
  | { readonly how: 'mounted'; readonly from: string };

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** As served. */
  readonly bytes: Buffer;
}

export interface BlobSink {
  /** Bytes there already; moves with each write. */
  readonly offset: number;
  /** The chunk is only good until it resolves. */
  write(chunk: Uint8Array): Promise<void>;
}

export interface UploadBlob {
  readonly descriptor: Descriptor;
  /** Repositories of the same registry that may have it, as `library/busybox`. */
  readonly mountFrom: readonly string[];
  /** The blob's bytes from an offset on. The chunks are emptied once they are sent. */
  open(offset: number): Readable;
  /** Bytes that the registry has. */
  progress(sentBytes: number): void;
}
