import { parseBytes } from '../../base/sizes.ts';
import { formatDuration, parseDuration } from '../go/duration.ts';
import { type Kind, refuse, simple } from './kind.ts';
import { Float } from './output.ts';

export const text: Kind<string> = simple({
  read: (value, place) => {
    if (typeof value === 'string') return value;
    return typeof value === 'bigint' ? String(value) : refuse(value, place, 'a string');
  },
  isEmpty: (value) => value === '',
  write: (value) => value,
});

/** Beyond 2^53 it is rounded. */
export const integer: Kind<number> = simple({
  read: (value, place) => {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number') return Math.trunc(value);
    if (typeof value === 'string' && /^[-+]?\d+$/.test(value)) return Number(value);
    return refuse(value, place, 'an integer');
  },
  isEmpty: (value) => value === 0,
  write: (value) => (Number.isSafeInteger(value) ? value : BigInt(value)),
  absent: 0,
});

export const bool: Kind<boolean> = simple({
  read: (value, place) => {
    if (typeof value === 'boolean') return value;
    const read = typeof value === 'string' ? readBool(value, place.warn) : undefined;
    return read ?? refuse(value, place, 'true or false');
  },
  isEmpty: (value) => !value,
  write: (value) => value,
  absent: false,
});

/** Reads `true` and `false`, and with a warning the words of YAML 1.1. Undefined for others. */
export function readBool(value: string, warn: (text: string) => void): boolean | undefined {
  const word = value.toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  const isYes = ['y', 'yes', 'on'].includes(word);
  if (!isYes && !['n', 'no', 'off'].includes(word)) return undefined;
  warn(`${JSON.stringify(value)} for boolean is not supported by YAML 1.2, please use \`${isYes}\``);
  return isYes;
}

/** A number of 32 bits. */
export const float32: Kind<number> = simple({
  read: (value, place) => {
    const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value;
    if (typeof number !== 'number' || Number.isNaN(number) || value === '') return refuse(value, place, 'a number');
    return Math.fround(number);
  },
  isEmpty: (value) => value === 0,
  write: (value) => new Float(value, 32),
  absent: 0,
});

/** Bytes, from a number or a text such as `64m`. Compose prints them as text. */
export const bytes: Kind<number> = simple({
  read: (value, place) => {
    if (typeof value === 'bigint') return Number(value);
    // Go reads `1.` as a number, too.
    const size = typeof value === 'string' ? parseBytes(value.replace(/^(\d+)\.(?!\d)/, '$1')) : undefined;
    return size ?? refuse(value, place, 'a size such as 512, 64m or 2gb');
  },
  isEmpty: (value) => value === 0,
  write: (value) => String(value),
  absent: '0',
});

/** Nanoseconds, from a text such as `1m30s`. */
export const duration: Kind<bigint> = simple({
  read: (value, place) => {
    const nanos = typeof value === 'string' ? parseDuration(value) : undefined;
    return nanos ?? refuse(value, place, 'a duration such as 10s or 1m30s');
  },
  isEmpty: (value) => value === 0n,
  write: (value) => formatDuration(value),
});

/** Permissions of a file: a number, or octal digits as text. */
export const fileMode: Kind<number> = simple({
  read: (value, place) => {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'string' && /^[0-7]+$/.test(value)) return Number.parseInt(value, 8);
    return refuse(value, place, 'permissions in octal digits, such as "0440"');
  },
  write: (value) => `0${value.toString(8)}`,
});

/** A number of devices. -1 stands for all. */
export const deviceCount: Kind<number> = simple({
  read: (value, place) => {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'string' && value.toLowerCase() === 'all') return -1;
    if (typeof value === 'string' && /^[-+]?\d+$/.test(value)) return Number(value);
    return refuse(value, place, '"all" or a number');
  },
  isEmpty: (value) => value === 0,
  write: (value) => value,
});
