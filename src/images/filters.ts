import { invalid } from '../base/errors.ts';
import { type Nanos, parseNanos } from '../base/time.ts';

/** Filters as the API carries them: name to accepted values. */
export type Filters = Readonly<Record<string, readonly string[]>>;

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** @throws EngineError invalid `invalid filter 'x'` */
export function checkFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of Object.keys(filters)) if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`);
}

/** Undefined when the filter is not given. @throws EngineError invalid */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name];
  if (values === undefined || values.length === 0) return undefined;
  const read = values.map((value) => {
    if (/^(?:1|t|T|true|True|TRUE)$/.test(value)) return true;
    if (/^(?:0|f|F|false|False|FALSE)$/.test(value)) return false;
    throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  });
  if (new Set(read).size > 1) throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  return read[0];
}

/** All of `key` and `key=value` must hold. */
export function labelsMatch(wanted: readonly string[] | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (wanted ?? []).every((filter) => {
    const equals = filter.indexOf('=');
    const key = equals < 0 ? filter : filter.slice(0, equals);
    return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === filter.slice(equals + 1));
  });
}

/** None of them may hold. */
export function labelsExcluded(
  unwanted: readonly string[] | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (unwanted ?? []).every((filter) => !labelsMatch([filter], labels));
}

/** The one moment of the filter `until`; undefined when it is not given. @throws EngineError invalid */
export function untilFilter(filters: Filters, now: Nanos): Nanos | undefined {
  const [value, ...more] = filters['until'] ?? [];
  if (more.length > 0) throw invalid('more than one until filter specified');
  return value === undefined ? undefined : parseMoment(value, now);
}

/**
 * A moment as `until` takes it: RFC 3339 (parts may be missing), seconds since the epoch with a fraction, or a Go
 * duration back from `now`.
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

/** `1h30m`, `2.5s`. */
function goDuration(text: string): bigint | undefined {
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d+)(?:\.(\d+))?(ns|us|µs|ms|s|m|h)/g)) {
    const scale = UNIT_NANOS[unit] ?? 0n;
    total += BigInt(whole) * scale + (BigInt(fraction.padEnd(9, '0') || '0') * scale) / 1_000_000_000n;
  }
  return total;
}

/** Docker takes times without a zone for local ones, and fills in what is missing. */
function completeTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match === null) return text;
  const [, date, hours = '00', minutes = '00', seconds = '00', zone] = match;
  const local = `${date}T${hours}:${minutes}:${seconds}`;
  if (zone !== undefined) return local + zone;
  const here = new Date(local);
  return Number.isNaN(here.getTime()) ? text : here.toISOString();
}
