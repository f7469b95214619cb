import type { BytePath } from '../../../linux/index.ts';

/**
 * How whiteouts are kept. `overlay`: the tree is one layer by itself, whiteouts become overlayfs's own records. `merged`: the tree already
 * holds the layers below (an overlay mount, or a copy), what is whited out is removed. `plain`: no layer, and a name is a name.
 */
export type UntarMode = 'overlay' | 'merged' | 'plain';

export interface UntarOptions {
  /** Directory to write below, absolute, clean and without symlinks; '/' or absent for the root. */
  readonly base?: BytePath;
  /** A directory is never replaced by something else, and nothing else by a directory. */
  readonly keepDirectories?: boolean;
  /** Owner of everything, instead of the archive's. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}
