/** Paths of a root to sum or to copy. */
export interface PathSelection {
  /**
   * Absolute or relative to the root. `.` and `..` are resolved by their names alone, and stop at the root. Symlinks above
   * the last element are followed within the root.
   */
  readonly path: string;
  /** Whether `*`, `?` and `[…]` in the path are patterns (Go's `path.Match`). Otherwise they are names. */
  readonly hasWildcards?: boolean;
  /** Whether a symlink at the end of the path is followed. */
  readonly followsLink?: boolean;
  /**
   * Patterns (`ignoreRules`) of paths below a selected directory, relative to it, and of the name of a selected file.
   * Only matching ones are taken, and the directories above them.
   */
  readonly include?: readonly string[];
  /** The same for what is left out. */
  readonly exclude?: readonly string[];
}
