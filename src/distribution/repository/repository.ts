import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';

/**
 * One repository of a registry, by the distribution specification 1.1. Reads try mirrors first and then the registry;
 * writes go only to the registry. Everything is verified before it is returned.
 *
 * Words: a *repository* is a set of manifests and blobs under one name. A *manifest* describes an image; its
 * *reference* is a tag or a digest. A *sink* takes a blob's bytes and verifies them.
 *
 * One life: a pull calls `resolve` to learn the descriptor of a tag, `manifest` for the documents, and `download` for
 * each blob; an interrupted download continues at the sink's offset. A push calls `upload` for each blob, which skips
 * those that the registry has, and then `putManifest`, first for the manifests that others refer to.
 */
export interface Repository {
  /** `docker.io/library/busybox`. */
  readonly name: string;
  /**
   * Returns a manifest by tag or digest, verified. @throws EngineError notFound, unauthorized, forbidden, tooLarge,
   * invalid for a wrong digest
   */
  manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest>;
  /**
   * Returns the descriptor of a manifest, without its body where the registry's HEAD response is complete. @throws as
   * {@link manifest}
   */
  resolve(reference: string, signal: AbortSignal): Promise<Descriptor>;
  /** Writes a blob from the sink's offset to its end, through interruptions. The sink verifies it. */
  download(blob: Descriptor, sink: BlobSink, signal: AbortSignal): Promise<void>;
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /**
   * Puts a blob into the repository unless the repository has it: first tries to mount it from another repository of
   * the registry, then uploads it. An interrupted upload continues where it stopped.
   */
  upload(blob: UploadBlob, signal: AbortSignal): Promise<UploadOutcome>;
  /** Stores a manifest. Returns the digest that the registry confirms. */
  putManifest(
    reference: string,
    manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<Digest>;
  deleteManifest(digest: Digest, signal: AbortSignal): Promise<void>;
  /** Lists every tag, page by page. */
  tags(signal: AbortSignal): Promise<readonly string[]>;
  /** Lists the descriptors of the manifests whose subject is this digest. */
  referrers(digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
}

export type UploadOutcome =
  | { readonly how: 'exists' | 'uploaded' }
  /** `from` is a repository of the same registry. */
  | { readonly how: 'mounted'; readonly from: string };

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** The bytes as the registry sent them. */
  readonly bytes: Buffer;
}

export interface BlobSink {
  /** Number of bytes that the sink has. Each write increases it. */
  readonly offset: number;
  /** The chunk may be used only until the promise resolves. */
  write(chunk: Uint8Array): Promise<void>;
}

export interface UploadBlob {
  readonly descriptor: Descriptor;
  /** Repositories of the same registry that may have it, such as `library/busybox`. */
  readonly mountFrom: readonly string[];
  /** Returns the blob's bytes from an offset on. The chunks' memory is reused once they are sent. */
  open(offset: number): Readable;
  /** Called with the number of bytes that the registry has. */
  progress(sentBytes: number): void;
}
