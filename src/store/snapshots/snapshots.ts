import type { Digest } from '../../base/ids.ts';
import type { Folders } from './folders.ts';
import type { LayerKey } from './layer.ts';

/**
 * Where a layer's bytes are: a file, so that a worker thread reads, decompresses (by magic: plain, gzip, zstd), hashes
 * and unpacks it without a byte passing the main thread.
 */
export interface LayerSource {
  readonly path: string;
  /** Digest of the file as it is, verified when it was written: where it equals the diffID nothing is hashed again. */
  readonly digest: Digest;
  /** Called now and then with how many bytes of the file are unpacked. */
  readonly progress?: (bytesRead: number) => void;
}

/** A writable's root, mounted at least until disposed. */
export interface UsedRoot extends AsyncDisposable {
  readonly path: string;
}

export interface MountOptions {
  readonly isVolatile?: boolean;
  /** A container's root: with what it is mounted on (`/etc/hosts`, `/dev/console`, …). */
  readonly hasMountPlaces?: boolean;
  readonly isReadOnly?: boolean;
}

/**
 * Unpacked layers and the writable roots of containers on top of them. Drivers (overlay, vfs) pass one suite.
 *
 * Layers are immutable once unpacked and shared by every image that has them. A *writable* is named by the container's
 * id; mounting it gives a root file system. All methods may be repeated after a crash.
 */
export interface Snapshots {
  /** As `docker info` shows it: `overlay2` or `vfs`. */
  readonly driver: 'overlay2' | 'vfs';

  /**
   * Unpacks one layer over its parents (bottom first) unless it is there. Several may run in parallel, also a child
   * before its parent is done where the layer does not depend on it.
   * @throws EngineError invalid for hostile or broken archives, and when the bytes' sha256 is not `diffId`; nothing is left
   */
  unpack(
    layer: {
      readonly diffId: Digest;
      readonly parents: readonly Digest[];
      /**
       * Resolves when the parents are unpacked, or never will be: awaited only by a layer that depends on them. For
       * parents that are still on their way here, and so not known to be coming.
       */
      readonly parentsReady?: Promise<unknown>;
    },
    source: LayerSource,
    signal: AbortSignal,
  ): Promise<LayerKey>;
  /** The keys of an unpacked chain, bottom first. @throws EngineError notFound */
  chain(diffIds: readonly Digest[]): readonly LayerKey[];
  /** Idempotent. @throws EngineError conflict when a writable stands on it */
  removeLayer(key: LayerKey): Promise<void>;
  /** Layers that writables stand on: kept whatever images say. */
  layersInUse(): ReadonlySet<LayerKey>;
  layers(): readonly { readonly key: LayerKey; readonly diffIds: readonly Digest[]; readonly sizeBytes: number }[];

  /** `emptyFile` is a name at the top. */
  createWritable(id: string, diffIds: readonly Digest[], options?: { readonly emptyFile?: string }): Promise<void>;
  /**
   * Mounts the writable's root; answers its path. Idempotent. With `isVolatile` what is written never has to reach the disk: fsync
   * inside does nothing, and unmounting does not write back the whole file system, as overlayfs otherwise does. For roots that
   * are removed with their container. With `isReadOnly` nothing can be written: a view of the layers alone, where a writable is made
   * for no more than that.
   */
  mount(id: string, options?: MountOptions): Promise<string>;
  /** The same for a reader beside those who mount: it stays mounted until disposed at least. */
  use(id: string, options?: MountOptions): Promise<UsedRoot>;
  /** Idempotent; detaches lazily when something still uses it. */
  unmount(id: string): Promise<void>;
  /** Unmounts, and moves the tree away for the background sweep. Idempotent. */
  removeWritable(id: string): Promise<void>;
  writables(): readonly string[];
  /** Where a writable lies on the host, by dockerd's names for overlay; null for an unknown one, and where there is none to name. */
  writableFolders(id: string): Folders | null;
  /** The same of unpacked layers: `UpperDir` is the topmost. */
  layerFolders(diffIds: readonly Digest[]): Folders | null;
  /** Bytes of the writable layer alone. */
  writableSize(id: string): Promise<number>;
}
