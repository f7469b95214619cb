import { existsSync, readFileSync } from 'node:fs';

/** Seconds since the machine's start, in hundredths: the clock that host and containers share (proc_uptime(5)). */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

/** A line for a container's shell that adds the time to a file, without a process. */
export function noteUptime(file: string): string {
  return `read uptime idle </proc/uptime; echo $uptime >>${file}`;
}

/** The first and the last time in a file of {@link noteUptime}; undefined when there are not two. */
export function truthOf(file: string): { readonly start: number; readonly end: number } | undefined {
  const times = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  const [start, end] = [times[0], times.at(-1)];
  return times.length < 2 || start === undefined || end === undefined ? undefined : { start, end };
}
