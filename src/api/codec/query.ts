import * as z from 'zod/mini';
import { EngineError, invalid, messageOf } from '../../base/errors.ts';
import { parseNanos } from '../../base/time.ts';
import type { Filters } from '../../spec/index.ts';
import { parseFilters } from './filters.ts';
import { nulByte } from './go-json.ts';
import { jsonFault } from './json-fault.ts';

/** Every value of a query parameter, in order. Undefined when it is absent. */
type Raw = readonly string[] | undefined;

/** A parameter that `read` parses from its raw values. The client gets the errors of `read`. */
function parameter<T>(read: (values: Raw) => T): z.ZodMiniType<T> {
  return z.pipe(
    z.optional(z.unknown()),
    z.transform((value) => read(value as Raw)),
  ) as unknown as z.ZodMiniType<T>;
}

export const queryString = parameter((values) => values?.[0] ?? '');
/** A path for the file system or a program, neither of which accepts a NUL byte. @throws EngineError invalid */
export function queryPath(what: string): z.ZodMiniType<string> {
  return parameter((values) => {
    const text = values?.[0] ?? '';
    if (text.includes('\0')) throw invalid(nulByte(what, text));
    return text;
  });
}

/** All values of a repeated parameter. */
export const queryStrings = parameter((values) => values ?? []);

/** A boolean by Docker's rule: absent, empty, `0`, `no`, `false` and `none` are false; all others are true. */
export function queryBool(whenAbsent = false): z.ZodMiniType<boolean> {
  return parameter((values) =>
    values === undefined
      ? whenAbsent
      : !['', '0', 'no', 'false', 'none'].includes((values[0] ?? '').trim().toLowerCase()),
  );
}

/** A boolean as Go's `strconv.ParseBool` reads it. Absent and empty are false. @throws EngineError invalid, which names it */
export function queryGoBool(name: string): z.ZodMiniType<boolean> {
  return parameter((values) => {
    const text = values?.[0] ?? '';
    if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
    if (/^(?:|0|f|F|false|FALSE|False)$/.test(text)) return false;
    throw invalid(
      `invalid value for ${name}: ${text}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  });
}

/** An integer. Absent and empty are undefined. @throws EngineError invalid in Go's words */
export const queryInt = parameter((values) => {
  const text = values?.[0] ?? '';
  if (text === '') return undefined;
  return goInteger(text, { min: -(2n ** 63n), max: 2n ** 63n - 1n }, 'strconv.Atoi: parsing');
});

/** A required number of rows or columns: Go's `uint32`. `what` is for the error. @throws EngineError invalid */
export function queryTerminalSize(what: string): z.ZodMiniType<number> {
  return parameter((values) =>
    goInteger(values?.[0] ?? '', { min: 0n, max: 2n ** 32n - 1n }, `invalid resize ${what}`),
  );
}

/** @throws EngineError invalid in Go's words, after `subject` and the text */
function goInteger(
  text: string,
  { min, max }: { readonly min: bigint; readonly max: bigint },
  subject: string,
): number {
  const isSyntax = /^[+-]?\d+$/.test(text) && (min < 0n || !text.startsWith('+'));
  const value = isSyntax ? BigInt(text.replace(/^\+/, '')) : undefined;
  if (value !== undefined && value >= min && value <= max) return Number(value);
  throw invalid(`${subject} ${JSON.stringify(text)}: ${isSyntax ? 'value out of range' : 'invalid syntax'}`);
}

export const queryFilters: z.ZodMiniType<Filters> = parameter((values) => parseFilters(values?.[0] ?? ''));

/** The filters of a list of volumes. @throws EngineError invalid in dockerd's words, which differ here */
export const queryVolumeFilters: z.ZodMiniType<Filters> = parameter((values) => {
  try {
    return parseFilters(values?.[0] ?? '');
  } catch (error) {
    throw invalid(`error reading volume filters: ${messageOf(error)}`, error);
  }
});

/**
 * A time in `seconds[.fraction]` since the epoch or RFC 3339, as nanoseconds. Absent and empty are undefined.
 * @throws EngineError invalid
 */
export const queryTime = parameter((values) => {
  const text = values?.[0] ?? '';
  if (text === '') return undefined;
  const match = /^(-?\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (match === null) {
    const parsed = parseNanos(text);
    if (parsed === undefined) throw invalid(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
    return parsed;
  }
  const seconds = BigInt(match[1] ?? 0) * 1_000_000_000n;
  const fraction = BigInt((match[2] ?? '').padEnd(9, '0'));
  return (match[1] ?? '').startsWith('-') ? seconds - fraction : seconds + fraction;
});

/** A `platform` parameter: `{"os":…,"architecture":…,"variant":…}` as JSON. Undefined when absent. */
export const queryPlatform = parameter((values) => {
  const text = values?.[0] ?? '';
  return text === '' ? undefined : parsePlatform(text);
});

export const queryPlatforms = parameter((values) => (values ?? []).filter((text) => text !== '').map(parsePlatform));

function parsePlatform(text: string): { os: string; architecture: string; variant?: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`failed to parse platform: ${jsonFault(text)}`);
  }
  const found = platformSchema.safeParse(value);
  if (!found.success) throw invalid('invalid platform: os and architecture are required');
  const { os, architecture, variant } = found.data;
  return { os, architecture, ...(variant === undefined || variant === '' ? {} : { variant }) };
}

const platformSchema = z.object({ os: z.string(), architecture: z.string(), variant: z.optional(z.string()) });

/** Parses the query of a URL by `schema`. @throws EngineError invalid */
export function parseQuery<T>(schema: z.ZodMiniType<T>, search: URLSearchParams): T {
  const raw: Record<string, string[]> = Object.create(null);
  for (const [name, value] of search) {
    const values = raw[name];
    if (values === undefined) raw[name] = [value];
    else values.push(value);
  }
  const result = schema.safeParse({ ...raw });
  if (result.success) return result.data;
  throw new EngineError('invalid', result.error.issues[0]?.message ?? 'invalid query');
}
