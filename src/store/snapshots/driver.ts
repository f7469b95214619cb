import type { Digest } from '../../base/ids.ts';
import type { LayerKey, LayerRecord } from './layer.ts';
import type { TreeJob, UnpackedTree } from './worker/tree-job.ts';

/** What an archive becomes: how it is written is the driver's. */
export interface FreshLayer {
  /** Empty folder of the driver's own, on the file system of the layers; `fs` in it becomes the layer. */
  readonly folder: string;
  readonly diffId: Digest;
  readonly parents: readonly Digest[];
  readonly archive: Pick<TreeJob & { kind: 'unpack' }, 'file' | 'diffId' | 'limits'>;
  readonly progress: ((bytesRead: number) => void) | undefined;
  /** The layers below, as soon as they are there. */
  readonly below: () => Promise<readonly LayerRecord[]>;
}

/** A writable's root to be mounted. */
export interface WantedMount {
  readonly id: string;
  readonly folder: string;
  readonly layers: readonly LayerRecord[];
  readonly isVolatile: boolean;
  readonly isReadOnly: boolean;
}

/** How layers and writables lie on disk. Both drivers pass `snapshots.suite.ts`. */
export interface SnapshotDriver {
  readonly name: 'overlay2' | 'vfs';
  /** Unpacks into `folder`/fs and says under which key that may be shared. What it wrote stays when it fails. */
  unpack(layer: FreshLayer, signal: AbortSignal): Promise<UnpackedTree & { readonly key: LayerKey }>;
  /** Fills a new writable's folder. */
  create(folder: string, layers: readonly LayerRecord[]): Promise<void>;
  /** Answers the root's path. Idempotent. */
  mount(writable: WantedMount): Promise<string>;
  /** Whether this or a daemon before mounted it, and nobody unmounted it. */
  isMounted(id: string): boolean;
  /** Idempotent. */
  unmount(id: string): Promise<void>;
  /** What a writable's folder holds: only what was written, or a whole tree. */
  readonly writableKind: 'overlay' | 'whole';
  /**
   * The layers as one tree to read; undefined when there are none. `folder` is the driver's own to mount on, until disposed.
   */
  merged(layers: readonly LayerRecord[], folder: string): { readonly path: string | undefined } & Disposable;
  /** Resolves when no unmount is under way. */
  idle(): Promise<void>;
}
