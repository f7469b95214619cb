/** What a client asks to remove. */
export interface PruneOptions {
  /** Whether internal items and those that images share go too. */
  readonly all?: boolean;
  /** Items that were used within this time stay. Milliseconds. */
  readonly keepDurationMs?: number;
  /** BuildKit's filters: conditions with commas between them, of which all hold. Of several filters one holds. */
  readonly filters?: readonly string[];
  /** Limits in bytes; 0 stands for none. Without any of them everything goes that may. */
  readonly maxUsedBytes?: number;
  /** Space that the disk should have free. */
  readonly minFreeBytes?: number;
  /** What the cache keeps in any case. */
  readonly reservedBytes?: number;
}
