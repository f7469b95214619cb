import type { Digest } from '../../../base/ids.ts';
import type { CopyRequest, FileOwner } from './copy-request.ts';
import type { PathSelection } from './path-selection.ts';

export interface MakeDirectory {
  readonly root: string;
  readonly path: string;
  readonly mode: number;
  /** Default 0:0. */
  readonly owner?: FileOwner;
  /** Whether missing directories above are made, with the same mode and owner. Otherwise they are an error. */
  readonly makesParents?: boolean;
  /** Seconds since the epoch. */
  readonly timeSeconds?: number;
}

export interface MakeFile {
  readonly root: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** Default 0:0. */
  readonly owner?: FileOwner;
  /** Seconds since the epoch. */
  readonly timeSeconds?: number;
}

export interface MakeSymlink {
  readonly root: string;
  readonly path: string;
  /** What the link says. It is not looked at. */
  readonly target: string;
  /** Default 0:0. */
  readonly owner?: FileOwner;
  /** Seconds since the epoch. */
  readonly timeSeconds?: number;
}

export interface RemovePaths {
  readonly root: string;
  readonly path: string;
  /** Whether `*`, `?` and `[…]` in the path are patterns. A pattern may match nothing. */
  readonly hasWildcards?: boolean;
  /** Whether nothing may be at the path. */
  readonly mayBeMissing?: boolean;
}

export interface ApplyChanges {
  /** Roots on the host. What `upper` has over `lower` is changed in the target. */
  readonly lower: string;
  readonly upper: string;
  readonly target: string;
  /** `deleted`: the target gets an empty file in place of each path that was deleted, and nothing else. */
  readonly part: 'all' | 'present' | 'deleted';
}

/** A job on files of a root. Synchronous, in a thread. `root` is a path on the host. */
export type RootJob =
  | { readonly kind: 'sum'; readonly root: string; readonly selections: readonly PathSelection[] }
  | { readonly kind: 'list'; readonly root: string; readonly selection: PathSelection }
  | { readonly kind: 'copyPaths'; readonly request: CopyRequest }
  | { readonly kind: 'makeDirectory'; readonly request: MakeDirectory }
  | { readonly kind: 'makeFile'; readonly request: MakeFile }
  | { readonly kind: 'makeSymlink'; readonly request: MakeSymlink }
  | { readonly kind: 'removePaths'; readonly request: RemovePaths }
  | { readonly kind: 'applyChanges'; readonly request: ApplyChanges };

export interface ListedPath {
  /** Without wildcards. */
  readonly path: string;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
}

export interface RootResults {
  /** One for each selection. */
  readonly sum: readonly Digest[];
  readonly list: readonly ListedPath[];
  readonly copyPaths: undefined;
  readonly makeDirectory: undefined;
  readonly makeFile: undefined;
  readonly makeSymlink: undefined;
  readonly removePaths: undefined;
  readonly applyChanges: undefined;
}
