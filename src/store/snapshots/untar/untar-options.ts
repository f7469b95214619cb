import type { BytePath } from '../../../linux/index.ts';

/**
 * The treatment of whiteouts. `overlay`: the tree is one layer by itself, and whiteouts become overlayfs's own records.
 * `merged`: the tree already contains the layers below (an overlay mount, or a copy), and files that are whited out are
 * removed. `plain`: the archive is not a layer, and a whiteout's name is an ordinary name.
 */
export type UntarMode = 'overlay' | 'merged' | 'plain';

export interface UntarOptions {
  /** Directory to write below, absolute, clean and without symlinks. '/' or absent for the root. */
  readonly base?: BytePath;
  /** Whether a directory never replaces a file, nor a file a directory. */
  readonly keepDirectories?: boolean;
  /** Called with the real path of a directory that an entry reaches through a symlink. Throws to refuse the entry. */
  readonly checkLinked?: (directory: string) => void;
  /**
   * `plain` only: whether the directory gets the attributes of the archive's entry for its root. Otherwise it keeps its
   * own.
   */
  readonly givesRoot?: boolean;
  /** The owner of every file, instead of the archive's. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}
