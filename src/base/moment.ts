import { invalid } from './errors.ts';
import { type Nanos, parseNanos } from './time.ts';

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/**
 * Parses a time of `until`: RFC 3339 (parts may be missing), seconds since the epoch with a fraction, or a Go duration
 * before `now`.
 * @throws EngineError invalid
 */
export function parseMoment(value: string, now: Nanos): Nanos {
  const seconds = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(value);
  if (seconds !== null) return BigInt(seconds[1] ?? '') * 1_000_000_000n + BigInt((seconds[2] ?? '').padEnd(9, '0'));
  const duration = goDuration(value.replace(/^[+-]/, ''));
  if (duration !== undefined) return value.startsWith('-') ? now + duration : now - duration;
  const at = parseNanos(completeTime(value));
  if (at === undefined) throw invalid(`failed to parse value as time or duration: ${JSON.stringify(value)}`);
  return at;
}

/** Parses `1h30m`, `2.5s`. */
function goDuration(text: string): bigint | undefined {
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d+)(?:\.(\d+))?(ns|us|µs|ms|s|m|h)/g)) {
    const scale = UNIT_NANOS[unit] ?? 0n;
    total += BigInt(whole) * scale + (BigInt(fraction.padEnd(9, '0') || '0') * scale) / 1_000_000_000n;
  }
  return total;
}

/** Completes a time. Docker takes times without a zone as local ones, and fills in missing parts. */
function completeTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match === null) return text;
  const [, date, hours = '00', minutes = '00', seconds = '00', zone] = match;
  const local = `${date}T${hours}:${minutes}:${seconds}`;
  if (zone !== undefined) return local + zone;
  const here = new Date(local);
  return Number.isNaN(here.getTime()) ? text : here.toISOString();
}
