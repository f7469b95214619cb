import type { PruneOptions } from './prune-options.ts';

/** Returns how many bytes of the cache stay, as BuildKit computes it. Infinity where nothing has to go. */
export function bytesToKeep(
  { maxUsedBytes = 0, minFreeBytes = 0, reservedBytes = 0 }: PruneOptions,
  state: { readonly usedBytes: number; readonly freeBytes: number },
): number {
  if (maxUsedBytes === 0 && minFreeBytes === 0 && reservedBytes === 0) return 0;
  const limits: number[] = [];
  if (maxUsedBytes > 0) limits.push(maxUsedBytes);
  const missing = minFreeBytes - state.freeBytes;
  if (minFreeBytes > 0 && missing > 0) limits.push(state.usedBytes - missing);
  if (maxUsedBytes === 0 && minFreeBytes === 0) return reservedBytes;
  return limits.length === 0 ? Number.POSITIVE_INFINITY : Math.max(Math.min(...limits), reservedBytes);
}
