import { invalid } from '../../../base/errors.ts';
import { quote } from './quote.ts';

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Go's `strconv.ParseBool`. Undefined when it is none. */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

/** A number of 32 bits without a sign, in base 8 or 10. Undefined when it is none. */
export function parseUnsigned(text: string, base: 8 | 10): number | undefined {
  if (!(base === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(text)) return undefined;
  const value = Number.parseInt(text, base);
  return value < 2 ** 32 ? value : undefined;
}

/** A number of 32 bits with a sign. @throws EngineError invalid, in the words of Go's `strconv.ParseInt` */
export function parseInteger(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) throw invalid(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const value = Number(text);
  if (value < -(2 ** 31) || value >= 2 ** 31) {
    throw invalid(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  }
  return value;
}
