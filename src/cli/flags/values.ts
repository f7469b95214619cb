import { parseBytes } from '../../base/sizes.ts';
import { parseDuration } from '../format/units.ts';
import type { Flag } from './flag.ts';

const LIMITS = {
  int: { function: 'ParseInt', min: -(2n ** 63n), max: 2n ** 63n - 1n },
  int64: { function: 'ParseInt', min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint16: { function: 'ParseUint', min: 0n, max: 65535n },
  uint64: { function: 'ParseUint', min: 0n, max: 2n ** 64n - 1n },
} as const;

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** @throws Error when the text is none of Go's spellings of a boolean */
export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/**
 * Parses a decimal, `0x`, `0o`, `0b` or leading-zero octal number within the kind's range. @throws Error in Go's words
 */
export function parseInteger(text: string, kind: keyof typeof LIMITS = 'int64'): bigint {
  const { function: name, min, max } = LIMITS[kind];
  const fault = (why: string): Error => new Error(`strconv.${name}: parsing ${JSON.stringify(text)}: ${why}`);
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]+|[1-9]\d*|0)$/.exec(text);
  const digits = match?.[2];
  if (match === null || digits === undefined || (min === 0n && match[1] !== '')) throw fault('invalid syntax');
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = match[1] === '-' ? -BigInt(octal) : BigInt(octal);
  if (value < min || value > max) throw fault('value out of range');
  return value;
}

/** Checks one value of a flag. @throws Error that describes the problem without the flag's name */
export function checkValue(flag: Flag, value: string): void {
  switch (flag.type) {
    case 'bool':
      parseBool(value);
      break;
    case 'int':
    case 'int64':
    case 'uint16':
    case 'uint64':
      parseInteger(value, flag.type);
      break;
    case 'bytes':
      if (!(flag.name.endsWith('swap') && value === '-1')) bytesOf(value);
      break;
    case 'duration':
      parseDuration(value);
      break;
    case 'decimal':
      parseNanoCpus(value);
      break;
    case 'ip':
      checkIp(value);
      break;
    case 'map':
      if (flag.loose !== true && !value.includes('=')) throw new Error(`${value} must be formatted as key=value`);
      break;
    case 'filter':
      if (!value.includes('=')) throw new Error('bad format of filter (expected name=value)');
      break;
    default:
  }
  flag.check?.(value);
}

/** Parses `64m`, `1.5g`, `512`. @throws Error in Docker's words */
export function bytesOf(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new Error(`invalid size: '${text}'`);
  return bytes;
}

/** Parses CPUs, a decimal or a fraction, into billionths. @throws Error */
export function parseNanoCpus(text: string): bigint {
  const match = /^(\d+)(?:\.(\d+))?$|^\.(\d+)$/.exec(text);
  if (match === null) throw new Error(`failed to parse ${text} as a rational number`);
  const fraction = match[2] ?? match[3] ?? '';
  if (fraction.length > 9 && /[1-9]/.test(fraction.slice(9))) throw new Error('value is too precise');
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

function checkIp(text: string): void {
  const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
  if (!v4 && !(/^[0-9a-fA-F:.]+$/.test(text) && text.includes(':')))
    throw new Error(`failed to parse IP: ${JSON.stringify(text)}`);
}
