import { invalid } from '../../base/errors.ts';

export const BLOCK = 512;

/** The raw fields of one 512-byte header block (tar(5), POSIX pax "ustar interchange format"). */
export interface RawHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** One character. '\0' is the oldest form of a file. */
  readonly typeFlag: string;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const CHECKSUM_AT = 148;
const MAGIC_AT = 257;
const PREFIX_AT = 345;

/** @throws EngineError invalid when the checksum or a number is wrong */
export function parseHeader(block: Buffer): RawHeader {
  verifyChecksum(block);
  const magic = block.toString('latin1', MAGIC_AT, MAGIC_AT + 8);
  const isPosix = magic.startsWith('ustar\0');
  const hasDevices = isPosix || magic === 'ustar  \0';
  const name = text(block, 0, 100);
  // The `star` program puts times into the last bytes of the prefix.
  const prefixLength = block.toString('latin1', 508, 512) === 'tar\0' ? 131 : 155;
  const prefix = isPosix ? text(block, PREFIX_AT, prefixLength) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8, 'mode') % 2 ** 32,
    uid: number(block, 108, 8, 'owner'),
    gid: number(block, 116, 8, 'group'),
    size: number(block, 124, 12, 'size'),
    mtime: number(block, 136, 12, 'time', true),
    typeFlag: String.fromCharCode(block[156] ?? 0),
    linkName: text(block, 157, 100),
    deviceMajor: hasDevices ? number(block, 329, 8, 'device') : 0,
    deviceMinor: hasDevices ? number(block, 337, 8, 'device') : 0,
  };
}

export function isZeroBlock(block: Buffer): boolean {
  for (let at = 0; at < BLOCK; at++) if (block[at] !== 0) return false;
  return true;
}

/** Whether a block is the header of an entry, and not the end of an archive or something else. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK || isZeroBlock(block)) return false;
  try {
    parseHeader(block);
    return true;
  } catch {
    return false;
  }
}

function verifyChecksum(block: Buffer): void {
  let unsigned = 0;
  let high = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = block[at] ?? 0;
    unsigned += byte;
    high += byte >> 7;
  }
  for (let at = CHECKSUM_AT; at < CHECKSUM_AT + 8; at++) {
    const byte = block[at] ?? 0;
    unsigned += 32 - byte;
    high -= byte >> 7;
  }
  const stored = number(block, CHECKSUM_AT, 8, 'checksum');
  // Some old programs summed signed characters.
  if (stored !== unsigned && stored !== unsigned - 256 * high) {
    throw invalid('archive/tar: invalid tar header: wrong checksum');
  }
}

/** The bytes before the first zero byte, one character per byte. */
export function text(block: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && block[end] !== 0) end++;
  return block.toString('latin1', at, end);
}

/** Parses octal digits between blanks, or GNU's base 256 when the first bit is set. */
export function number(block: Buffer, at: number, length: number, what: string, maySign = false): number {
  const first = block[at] ?? 0;
  if (first & 0x80) return base256(block, at, length, { what, maySign });
  let position = at;
  const end = at + length;
  while (position < end && (block[position] === 0x20 || block[position] === 0)) position++;
  let value = 0;
  for (; position < end; position++) {
    const digit = (block[position] ?? 0) - 0x30;
    if (digit >= 0 && digit <= 7) value = value * 8 + digit;
    else break;
  }
  for (; position < end; position++) {
    const byte = block[position];
    if (byte === 0) break;
    if (byte !== 0x20) throw invalid(`archive/tar: invalid tar header: ${what} is not a number`);
  }
  return value;
}

function base256(
  block: Buffer,
  at: number,
  length: number,
  { what, maySign }: { readonly what: string; readonly maySign: boolean },
): number {
  const negative = ((block[at] ?? 0) & 0x40) !== 0;
  if (negative && !maySign) throw invalid(`archive/tar: invalid tar header: negative ${what}`);
  let value = BigInt((block[at] ?? 0) & 0x7f);
  for (let position = at + 1; position < at + length; position++) value = (value << 8n) | BigInt(block[position] ?? 0);
  if (negative) value -= 1n << BigInt(length * 8 - 1);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw invalid(`archive/tar: invalid tar header: ${what} is out of range`);
  return result;
}
