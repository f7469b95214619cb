import type { ErrorKind } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { TarLimits } from '../../../io/index.ts';
import type { WalkChanges } from '../diff/walk-changes.ts';
import type { RootJob, RootResults } from '../root-files/root-job.ts';
import type { SealedTree } from '../sealed/seal-tree.ts';
import type { UntarMode } from '../untar/untar-options.ts';
import type { RootAttributes } from '../untar/untar-result.ts';

/** A job on trees of files, done synchronously in a thread. Paths are absolute. */
export type TreeJob =
  | RootJob
  | {
      readonly kind: 'unpack';
      readonly file: string;
      readonly target: string;
      readonly mode: UntarMode;
      /** The sha256 that the uncompressed bytes must have. Undefined when the file's own digest has proved it. */
      readonly diffId: Digest | undefined;
      readonly limits: TarLimits;
    }
  /**
   * Copies attributes from directories below `source` to those of the same name in `target`. Names as in
   * `UnpackedTree.implied`.
   */
  | { readonly kind: 'adopt'; readonly source: string; readonly target: string; readonly names: readonly string[] }
  | { readonly kind: 'copy'; readonly source: string; readonly target: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'size'; readonly path: string }
  /** Makes the tree of a writable fit to be a layer. */
  | { readonly kind: 'seal'; readonly trees: Omit<WalkChanges, 'withSame'> }
  /** `done` holds one number: the bytes read so far. */
  | { readonly kind: 'hash'; readonly path: string; readonly algorithm: string; readonly done: BigInt64Array };

export interface UnpackedTree {
  readonly sizeBytes: number;
  readonly root: RootAttributes | undefined;
  readonly isOpaque: boolean;
  readonly implied: readonly string[];
  readonly skippedXattrs: readonly string[];
}

export interface TreeResults extends RootResults {
  readonly unpack: UnpackedTree;
  /** False when one of the names leads through a link: the layer has to be unpacked over its parents. */
  readonly adopt: boolean;
  readonly copy: undefined;
  readonly remove: undefined;
  readonly size: number;
  readonly seal: SealedTree;
  /** Undefined when there is no such file. */
  readonly hash: Digest | undefined;
}

export interface TreeRequest {
  readonly job: TreeJob;
  /** Shared with the thread. {@link CONTROL} names the cells. */
  readonly control: BigInt64Array;
}

export const CONTROL = {
  /** A value other than 0 asks the job to stop. */
  stop: 0,
  /** Bytes of the file that an unpack has read, or that a copy has written. */
  done: 1,
  cells: 2,
} as const;

/** `needsParents`: the layer has a hard link to a file that it does not contain. */
export type TreeFailure = {
  readonly kind: ErrorKind | 'needsParents';
  readonly message: string;
};

export type TreeAnswer =
  | { readonly ok: true; readonly result: TreeResults[TreeJob['kind']] }
  | { readonly ok: false; readonly failure: TreeFailure };
