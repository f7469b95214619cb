import type { Digest } from '../../base/ids.ts';
import type { Folders } from './folders.ts';
import type { LayerKey } from './layer.ts';

/**
 * The file with a layer's bytes. A worker thread reads, decompresses (by magic: plain, gzip, zstd), hashes and unpacks
 * it, so that no byte passes the main thread.
 */
export interface LayerSource {
  readonly path: string;
  /** Digest of the file, verified when it was written. Where it equals the diffID, the content is not hashed again. */
  readonly digest: Digest;
  /** Called from time to time with the number of bytes of the file that are unpacked. */
  readonly progress?: (bytesRead: number) => void;
}

/** The root of a writable. It stays mounted at least until this is disposed. */
export interface UsedRoot extends AsyncDisposable {
  readonly path: string;
}

export interface MountOptions {
  readonly isVolatile?: boolean;
  /** Whether the root gets the mount points of a container (`/etc/hosts`, `/dev/console`, …). */
  readonly hasMountPoints?: boolean;
  readonly isReadOnly?: boolean;
}

export interface KnownLayer {
  readonly key: LayerKey;
  /**
   * The layer and those that it depends on, bottom first. Empty for a layer of a build whose digest is not known yet
   * (`SealedLayers`).
   */
  readonly diffIds: readonly Digest[];
  readonly sizeBytes: number;
  /** Whether the layer may hide files of layers below. */
  readonly mayHide?: true;
  /** Another key of the layer, under which it was sealed. */
  readonly sealedAs?: LayerKey;
}

/**
 * Unpacked layers, and the writable roots of containers on top of them. The drivers (overlay, vfs) pass one suite.
 *
 * Words: a *layer* is the unpacked tree of one archive of an image. It is immutable and shared by all images that have
 * it. A *chain* is a list of layers, bottom first, named by their diffIDs. A *writable* is a container's own layer over
 * a chain, named by the container's id. Its *root* is the merged tree of both.
 *
 * One life: a pull or load calls `unpack` for each layer, bottom first or in parallel. A create calls `createWritable`
 * with the image's diffIDs: from then on the layers below cannot be removed. Each start calls `mount` and runs the
 * container on the returned path; an exit calls `unmount`. In between, `use` mounts the same root for `cp`, `diff` and
 * `commit`. `removeWritable` deletes the container's files in the background. `removeLayer` deletes a layer that no
 * writable stands on; the collector (`store/gc`) calls it when no image has the layer.
 *
 * Every method may be repeated after a crash.
 */
export interface Snapshots {
  /** The driver's name, as `docker info` shows it. */
  readonly driver: 'overlay2' | 'vfs';

  /**
   * Unpacks one layer over its parents (bottom first), unless that is done already. Several may run in parallel. A
   * layer that does not depend on its parents may be unpacked before them.
   * @throws EngineError invalid for hostile or broken archives, and when the bytes' sha256 is not `diffId`; nothing is
   * left
   */
  unpack(
    layer: {
      readonly diffId: Digest;
      readonly parents: readonly Digest[];
      /**
       * Resolves when the parents are unpacked or have failed. Only a layer that depends on its parents awaits it. For
       * parents that are still being downloaded.
       */
      readonly parentsReady?: Promise<unknown>;
    },
    source: LayerSource,
    signal: AbortSignal,
  ): Promise<LayerKey>;
  /** Returns the keys of an unpacked chain, bottom first. @throws EngineError notFound */
  chain(diffIds: readonly Digest[]): readonly LayerKey[];
  /** Deletes a layer. Idempotent. @throws EngineError conflict when a writable stands on it */
  removeLayer(key: LayerKey): Promise<void>;
  /** Layers that writables stand on, or that somebody reads. They stay even when no image has them. */
  layersInUse(): ReadonlySet<LayerKey>;
  layers(): readonly KnownLayer[];

  /**
   * Makes a writable over a chain, bottom first, given by diffIDs or by keys. `emptyFile` is the name of an empty file to make at the top. `sizeBytes` limits what may be
   * written. @throws EngineError notFound; invalid for a size that the host cannot give, with dockerd's text
   */
  createWritable(
    id: string,
    base: readonly Digest[] | readonly LayerKey[],
    options?: { readonly emptyFile?: string; readonly sizeBytes?: number | undefined },
  ): Promise<void>;
  /**
   * Mounts the writable's root. Returns its path. Idempotent.
   *
   * `isVolatile` is for roots that are removed with their container: written data need not reach the disk. fsync inside
   * does nothing, and unmounting does not write back the whole file system, as overlayfs otherwise does. `isReadOnly`
   * is for writables that are made only to view their layers.
   */
  mount(id: string, options?: MountOptions): Promise<string>;
  /**
   * Mounts the root for a reader, beside a container's own mount. It stays mounted at least until the result is
   * disposed.
   */
  use(id: string, options?: MountOptions): Promise<UsedRoot>;
  /** Unmounts the root. Idempotent. Detaches lazily when something still uses it. */
  unmount(id: string): Promise<void>;
  /** Unmounts, and moves the tree to the trash. Idempotent. */
  removeWritable(id: string): Promise<void>;
  writables(): readonly string[];
  /**
   * Folders of a writable on the host, by dockerd's names for overlay. Null for an unknown writable, and for a driver
   * without such folders.
   */
  writableFolders(id: string): Folders | null;
  /** Folders of unpacked layers: `UpperDir` is the topmost layer. */
  layerFolders(diffIds: readonly Digest[]): Folders | null;
  /** Size of the writable layer alone. */
  writableSize(id: string): Promise<number>;
}
