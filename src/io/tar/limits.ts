/** Limits for a hostile archive, far above real images. The error for each names the limit and its value. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Limit of a name or a link's target. Linux allows 4095. */
  readonly maxNameBytes: number;
  /** Limit of one pax header or GNU long name, including extended attributes. */
  readonly maxExtensionBytes: number;
  /** Limit of one file, including its holes. */
  readonly maxFileBytes: number;
  /** Limit of all files as stored, without holes. */
  readonly maxTotalBytes: number;
  /** Limit of the whole archive, uncompressed. */
  readonly maxArchiveBytes: number;
  /** Most data regions of one sparse file. */
  readonly maxSparseRegions: number;
}

export const DEFAULT_TAR_LIMITS: TarLimits = {
  maxEntries: 10_000_000,
  maxNameBytes: 4095,
  maxExtensionBytes: 1 << 20,
  maxFileBytes: 2 ** 44,
  maxTotalBytes: 2 ** 40,
  maxArchiveBytes: 2 ** 40,
  maxSparseRegions: 1_000_000,
};
