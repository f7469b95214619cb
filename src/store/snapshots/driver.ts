import type { Digest } from '../../base/ids.ts';
import type { LayerKey, LayerRecord } from './layer.ts';
import type { TreeJob, UnpackedTree } from './worker/tree-job.ts';

/** An archive to unpack into a new layer. The driver decides how. */
export interface FreshLayer {
  /** An empty folder, on the file system of the layers. Its `fs` becomes the layer. */
  readonly folder: string;
  readonly diffId: Digest;
  readonly parents: readonly Digest[];
  readonly archive: Pick<TreeJob & { kind: 'unpack' }, 'file' | 'diffId' | 'limits'>;
  readonly progress: ((bytesRead: number) => void) | undefined;
  /** Resolves to the layers below, once they are unpacked. */
  readonly below: () => Promise<readonly LayerRecord[]>;
}

/** A writable's root that is to be mounted. */
export interface WantedMount {
  readonly id: string;
  readonly folder: string;
  readonly layers: readonly LayerRecord[];
  readonly isVolatile: boolean;
  readonly isReadOnly: boolean;
}

/**
 * The form of layers and writables on disk. Both drivers pass `snapshots.suite.ts`. `Snapshots` defines the words.
 *
 * One life: `unpack` makes the tree of a layer in a new folder, which the caller moves to its place. `create` fills the
 * folder of a new writable over its layers. Each start calls `mount` and each exit calls `unmount`; `isMounted` also
 * knows the roots that an earlier daemon has mounted. `merged` shows layers without a writable, to compare a
 * container with its image. The caller deletes folders, once nothing is mounted there. At the daemon's end `idle`
 * waits for the unmounts, and the roots of running containers stay mounted.
 */
export interface SnapshotDriver {
  readonly name: 'overlay2' | 'vfs';
  /**
   * Unpacks into `folder`/fs. Returns the key under which images may share the layer. After an error the written files
   * stay.
   */
  unpack(layer: FreshLayer, signal: AbortSignal): Promise<UnpackedTree & { readonly key: LayerKey }>;
  /** Fills a new writable's folder. */
  create(folder: string, layers: readonly LayerRecord[]): Promise<void>;
  /** Returns the root's path. Idempotent. */
  mount(writable: WantedMount): Promise<string>;
  /** Whether the root is mounted, by this daemon or an earlier one. */
  isMounted(id: string): boolean;
  /** Idempotent. */
  unmount(id: string): Promise<void>;
  /** The content of a writable's folder: only the changes, or a whole tree. */
  readonly writableKind: 'overlay' | 'whole';
  /**
   * The layers as one readable tree. Undefined when there are none. The driver mounts on `folder` until the result is
   * disposed.
   */
  merged(layers: readonly LayerRecord[], folder: string): { readonly path: string | undefined } & Disposable;
  /** Resolves when no unmount is under way. */
  idle(): Promise<void>;
}
