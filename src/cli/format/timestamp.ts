import { CliError } from '../errors.ts';
import { parseDuration } from './units.ts';

/**
 * Converts a user's time to the API's form (`SECONDS.NANOSECONDS`): Unix seconds, RFC 3339 with parts omitted (local
 * time without a zone), or a duration before now. Undefined for ''. @throws CliError
 */
export function apiTimestamp(text: string, flag: 'since' | 'until', now = Date.now()): string | undefined {
  if (text === '') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(text)) return text;
  const duration = tryDuration(text);
  if (duration !== undefined) {
    const nanos = BigInt(now) * 1_000_000n - BigInt(duration);
    return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;
  }
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d(?::\d\d(?::\d\d(?:\.(\d{1,9}))?)?)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const time = (match?.[2] ?? '00:00:00').replace(/\..*$/, '');
  const complete = `${time}${':00'.repeat(3 - time.split(':').length)}`;
  const millis = match === null ? Number.NaN : Date.parse(`${match[1]}T${complete}${match[4] ?? ''}`);
  if (Number.isNaN(millis))
    throw new CliError(
      1,
      `invalid value for ${JSON.stringify(flag)}: failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  return `${Math.floor(millis / 1000)}.${(match?.[3] ?? '').padEnd(9, '0')}`;
}

function tryDuration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}
