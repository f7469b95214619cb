import type { Digest } from '../../../base/ids.ts';
import type { LayerCompression } from '../../../io/index.ts';
import type { LayerKey } from '../layer.ts';
import type { UsedRoot } from '../snapshots.ts';

/**
 * Layers that a build makes: a writable becomes a layer as it is, without an archive.
 *
 * Words: a *sealed* layer was a writable. It has a key of its own, `sealed-…`, and no diffID. To *identify* it is to
 * write its archive, whose digest is the diffID. From then on it is the engine's layer of that diffID.
 *
 * One life: a build step runs in a writable over a chain of keys (`Snapshots.createWritable`). `seal` ends the writable.
 * The next step stands on the chain with the new key; `view` shows a chain to readers such as COPY. An export calls
 * `identify` for each layer, bottom first, and then the chain of the image is there, unpacked. The caller keeps the keys
 * that it needs by a lease or as an owner of layers (`GcRoot`), and releases them by `Collector.collect`.
 *
 * An identified layer is found by both keys. Its folder keeps its name, so that roots and views over it stay valid.
 */
export interface SealedLayers {
  /**
   * Ends a writable: unmounts it, removes mount points that are empty, and makes it a layer. Returns the layer's key;
   * undefined when the writable had no change, and is removed. After a crash either the writable or the layer is there,
   * and the call may be repeated.
   * @throws EngineError notFound; conflict while somebody uses the root; invalid for a writable of a limited size
   */
  seal(id: string, options?: SealOptions): Promise<LayerKey | undefined>;
  /**
   * Shows a chain, bottom first, as one tree that must not be written to. Its layers cannot be removed until the result
   * is disposed. @throws EngineError notFound, noSpace
   */
  view(keys: readonly LayerKey[]): Promise<UsedRoot>;
  /**
   * Writes the changes of a layer over those below to the content store, as a commit writes a container's. The same
   * files give the same bytes. A sealed layer then is the engine's layer of the archive's digest, unless there is one
   * already, or the archive differs from its files (`clampSeconds`): then another layer is. May be repeated.
   * @throws EngineError notFound; conflict when a layer below is not identified; noSpace, cancelled
   */
  identify(key: LayerKey, request: IdentifyRequest, signal: AbortSignal): Promise<IdentifiedLayer>;
}

export interface SealOptions {
  /** Whether empty mount points stay: the caller has removed those that a runtime made. Default false. */
  readonly keepsMountPoints?: boolean;
}

export interface IdentifyRequest {
  /** Keys of the layers below, bottom first. */
  readonly below: readonly LayerKey[];
  readonly content: LayerContent;
  /** Default: none. */
  readonly compression?: LayerCompression;
  /** Later times of files are set to this one in the archive (SOURCE_DATE_EPOCH). Seconds since the epoch. */
  readonly clampSeconds?: number;
  /** Called in the tick in which the blob is stored, for a lease. */
  readonly claim?: (blob: { readonly digest: Digest; readonly diffId: Digest }) => void;
}

/** The part of the content store that takes the archives. */
export interface LayerContent {
  ingest(): Promise<
    {
      write(chunk: Uint8Array): Promise<void>;
      commit(
        expected: { readonly digest?: Digest },
        claim: (digest: Digest) => void,
      ): Promise<{ readonly digest: Digest; readonly sizeBytes: number }>;
    } & AsyncDisposable
  >;
  path(digest: Digest): string;
}

export interface IdentifiedLayer {
  /** The key to use from now on. */
  readonly key: LayerKey;
  /** Digest of the uncompressed archive. */
  readonly diffId: Digest;
  readonly uncompressedBytes: number;
  /** Digest and size of the stored blob. */
  readonly digest: Digest;
  readonly sizeBytes: number;
}
