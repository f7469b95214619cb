import { existsSync, readFileSync } from 'node:fs';

/** Returns the seconds since boot, with two decimals. Host and containers share this clock (proc_uptime(5)). */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

/** Returns a shell line that appends the time to a file, without starting a process. */
export function noteUptime(file: string): string {
  return `read uptime idle </proc/uptime; echo $uptime >>${file}`;
}

/** Returns the first and the last time in a file of {@link noteUptime}. Undefined for fewer than two times. */
export function truthOf(file: string): { readonly start: number; readonly end: number } | undefined {
  const times = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  const [start, end] = [times[0], times.at(-1)];
  return times.length < 2 || start === undefined || end === undefined ? undefined : { start, end };
}
