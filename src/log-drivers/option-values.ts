import { invalid } from '../base/errors.ts';
import { parseBytes } from '../base/sizes.ts';

/** Values of log options. Each function throws EngineError invalid in the words of Go's parsers, as dockerd does. */

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const UNIT_MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A size in bytes with units of 1024: `10m`. */
export function parseSize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw invalid(`invalid size: '${text}'`);
  return bytes;
}

/** An integer between two limits. `parser` is the function of Go that the message names. */
export function parseInteger(
  text: string,
  {
    parser,
    min,
    max,
  }: { readonly parser: 'Atoi' | 'ParseInt' | 'ParseUint'; readonly min: number; readonly max: number },
): number {
  const fault = (why: string): Error => invalid(`strconv.${parser}: parsing ${JSON.stringify(text)}: ${why}`);
  if (!(parser === 'ParseUint' ? /^\d+$/ : /^[+-]?\d+$/).test(text)) throw fault('invalid syntax');
  const value = Number(text);
  if (value < min || value > max) throw fault('value out of range');
  return value;
}

/** A duration of Go, such as `1m30s`, in milliseconds. */
export function parseDuration(text: string): number {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  const fault = (why: string, where = ''): Error => invalid(`time: ${why} ${where}duration ${JSON.stringify(text)}`);
  if (rest === '') throw fault('invalid');
  let milliseconds = 0;
  for (let at = 0; at < rest.length; ) {
    const [part = '', number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest.slice(at)) ?? [];
    if (part === '') throw fault('invalid');
    if (unit === '') throw fault('missing unit in');
    const scale = Object.hasOwn(UNIT_MILLISECONDS, unit) ? UNIT_MILLISECONDS[unit] : undefined;
    if (scale === undefined) throw fault(`unknown unit ${JSON.stringify(unit)}`, 'in ');
    milliseconds += Number(number) * scale;
    at += part.length;
  }
  if (milliseconds > Number(2n ** 63n) / 1e6) throw fault('invalid');
  return sign === '-' ? -milliseconds : milliseconds;
}
