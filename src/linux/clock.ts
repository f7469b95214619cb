import { libc } from './libc.ts';

const clockGettime = libc.func('int clock_gettime(int clock, void *time)');

const CLOCK_REALTIME = 0;
const time = Buffer.alloc(16);

/** Wall time in nanoseconds since the Unix epoch. `Date` has only milliseconds. */
export function wallTimeNanos(): bigint {
  clockGettime(CLOCK_REALTIME, time);
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8);
}
