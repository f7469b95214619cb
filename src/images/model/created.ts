import { parseNanos } from '../../base/time.ts';

/** Go's zero time when it is missing or no time. */
export function unixSeconds(time: string | undefined): number {
  const nanos = time === undefined ? undefined : parseNanos(time);
  return nanos === undefined ? -62_135_596_800 : Number(nanos / 1_000_000_000n);
}
