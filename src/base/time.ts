/** Nanoseconds since the Unix epoch. A bigint, since they exceed 2^53. */
export type Nanos = bigint;

const BILLION = 1_000_000_000n;

/** Go's zero time, which Docker's API shows for "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Formats RFC 3339 with up to nine fractional digits and without trailing zeros, as Go's RFC3339Nano. */
export function formatNanos(at: Nanos): string {
  // Before 1970, too, the fraction counts upwards from the full second.
  const nanos = ((at % BILLION) + BILLION) % BILLION;
  const fraction = nanos.toString().padStart(9, '0').replace(/0+$/, '');
  const seconds = new Date(Number((at - nanos) / BILLION) * 1000).toISOString().slice(0, 19);
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/**
 * Whether a time is later than another, both in the form of {@link formatNanos}. Dropped trailing zeros do not matter.
 */
export function isLaterStamp(time: string, other: string): boolean {
  return time.slice(0, -1) > other.slice(0, -1);
}

/** Formats milliseconds as Go writes a Duration: `500ms`, `1.5s`, `1m0s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = `${(ms / 1000) % 60}s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

/** The inverse of {@link formatNanos}. Offsets other than Z are accepted. Undefined for a malformed time. */
export function parseNanos(text: string): Nanos | undefined {
  const match = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:?\d\d)$/.exec(text);
  if (match === null) return undefined;
  const millis = Date.parse(`${match[1]!.replace(' ', 'T')}${match[3]!.toUpperCase()}`);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
