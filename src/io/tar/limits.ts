/** Bounds on what a hostile archive may ask for. Far above what real images hold; each is refused with its name and figure. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Of a name or a link's target. Linux ends at 4095. */
  readonly maxNameBytes: number;
  /** Of one pax header or GNU long name, extended attributes included. */
  readonly maxExtensionBytes: number;
  /** Of one file, its holes included. */
  readonly maxFileBytes: number;
  /** Of all files as stored, holes not counted. */
  readonly maxTotalBytes: number;
  /** Of the whole archive, uncompressed. */
  readonly maxArchiveBytes: number;
  /** Data regions of one sparse file. */
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
