import { invalid } from '../../base/errors.ts';

/**
 * The changes that a pax extended header (POSIX pax, "pax Header Block") or GNU's long names make to the entry that
 * follows.
 */
export interface Extensions {
  name?: string;
  linkName?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: { readonly seconds: number; readonly nanos: number };
  xattrs?: Map<string, Buffer>;
  /** `GNU.sparse.*` by the rest of its key. `regions` holds all values of `offset` and `numbytes`. */
  sparse?: Map<string, string>;
  sparseNumbers?: number[];
}

const XATTR = 'SCHILY.xattr.';
const SPARSE = 'GNU.sparse.';

/** @throws EngineError invalid for malformed records */
export function parsePax(block: Buffer, into: Extensions): void {
  for (let at = 0; at < block.length; ) {
    const space = block.indexOf(0x20, at);
    const digits = space < 0 ? '' : block.toString('latin1', at, Math.min(space, at + 12));
    const length = /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = block.indexOf(0x3d, space + 1);
    if (length === 0 || end > block.length || block[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw malformed('a record has the wrong length');
    }
    applyRecord(block.toString('latin1', space + 1, equals), block.toString('latin1', equals + 1, end - 1), into);
    at = end;
  }
}

function applyRecord(key: string, value: string, into: Extensions): void {
  switch (key) {
    case 'path':
      into.name = plain(value, key);
      return;
    case 'linkpath':
      into.linkName = plain(value, key);
      return;
    case 'size':
      into.size = decimal(value, key);
      return;
    case 'uid':
      into.uid = decimal(value, key);
      return;
    case 'gid':
      into.gid = decimal(value, key);
      return;
    case 'mtime':
      into.mtime = time(value);
      return;
  }
  if (key.startsWith(XATTR)) {
    into.xattrs ??= new Map();
    into.xattrs.set(
      Buffer.from(plain(key.slice(XATTR.length), key), 'latin1').toString(),
      Buffer.from(value, 'latin1'),
    );
  } else if (key.startsWith(SPARSE)) {
    applySparse(key.slice(SPARSE.length), value, into);
  }
}

function applySparse(key: string, value: string, into: Extensions): void {
  into.sparse ??= new Map();
  into.sparse.set(key, value);
  if (key === 'name') into.name = plain(value, key);
  if (key !== 'offset' && key !== 'numbytes') return;
  into.sparseNumbers ??= [];
  // Format 0.0 repeats the pair: an offset has an even index, its length the odd one after it.
  if (into.sparseNumbers.length % 2 !== (key === 'offset' ? 0 : 1)) throw malformed('a sparse map is out of order');
  into.sparseNumbers.push(decimal(value, key));
}

/**
 * Parses a number of a pax record or sparse map. @throws EngineError invalid unless it is a safe, non-negative integer
 */
export function decimal(value: string, what: string): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw malformed(`${what} is not a number in range`);
  return number;
}

function plain(value: string, key: string): string {
  if (value.includes('\0')) throw malformed(`${key} holds a zero byte`);
  return value;
}

function time(value: string): { readonly seconds: number; readonly nanos: number } {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value);
  if (match === null) throw malformed('mtime is not a time');
  const seconds = Number(match[2]);
  const nanos = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds, nanos };
  return nanos === 0 ? { seconds: -seconds, nanos } : { seconds: -seconds - 1, nanos: 1_000_000_000 - nanos };
}

function malformed(why: string): Error {
  return invalid(`archive/tar: invalid tar header: pax: ${why}`);
}
