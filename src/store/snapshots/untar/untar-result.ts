export interface RootAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface UntarResult {
  /** Bytes of the regular files and of the targets of symlinks, as Docker counts. */
  readonly sizeBytes: number;
  /** Attributes of the root directory, where the archive describes it. */
  readonly root: RootAttributes | undefined;
  /**
   * `overlay` only: whether the archive hides the whole content of the layers below. overlayfs has no record for that.
   */
  readonly isOpaque: boolean;
  /**
   * Directories that the archive implies without describing them: they take their attributes from the layers below.
   * Latin-1.
   */
  readonly implied: readonly string[];
  /** Extended attributes that the file system does not support, each once. */
  readonly skippedXattrs: readonly string[];
}
