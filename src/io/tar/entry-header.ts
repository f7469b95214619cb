import type { SparseRegion, TarEntry, TarEntryType } from './entry.ts';
import { BLOCK } from './header.ts';

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The largest numbers of seven and eleven octal digits. */
const SHORT_MAX = 8 ** 7 - 1;
const LONG_MAX = 8 ** 11 - 1;
const NAME_MAX = 100;
const PREFIX_MAX = 155;
// biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character, control characters included.
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Returns the header of an entry: POSIX ustar, preceded by a pax header for values that ustar cannot hold (long names,
 * names that are not ASCII, large numbers, fractions of seconds, extended attributes). `name` of a directory ends with
 * a slash. For a sparse file its map is included (GNU's format 1.0), and the caller writes its regions one after the
 * other.
 */
export function tarEntryHeader(entry: TarEntry): Buffer {
  const map = entry.sparse === undefined ? undefined : sparseMap(entry.sparse);
  const size = entry.type === 'file' ? entry.size + (map?.length ?? 0) : 0;
  const records: Buffer[] = [];
  const record = (key: string, value: string | Buffer): void => void records.push(paxRecord(key, value));

  const [prefix, name] = splitName(entry.name) ?? ['', undefined];
  if (map !== undefined) {
    record('GNU.sparse.major', '1');
    record('GNU.sparse.minor', '0');
    record('GNU.sparse.name', entry.name);
    record('GNU.sparse.realsize', String(entry.fileSize));
  } else if (name === undefined) record('path', entry.name);
  const isLink = entry.type === 'link' || entry.type === 'symlink';
  if (isLink && (entry.linkName.length > NAME_MAX || !ASCII.test(entry.linkName))) record('linkpath', entry.linkName);
  if (size > LONG_MAX) record('size', String(size));
  if (entry.uid > SHORT_MAX) record('uid', String(entry.uid));
  if (entry.gid > SHORT_MAX) record('gid', String(entry.gid));
  const { mtimeSeconds, mtimeNanos } = entry;
  if (mtimeNanos !== 0 || mtimeSeconds < 0 || mtimeSeconds > LONG_MAX) record('mtime', paxTime(entry));
  for (const [key, value] of entry.xattrs ?? []) record(`SCHILY.xattr.${Buffer.from(key).toString('latin1')}`, value);

  const header = ustar({
    ...entry,
    size,
    name: map === undefined ? (name ?? entry.name) : `GNUSparseFile.0/${entry.name}`,
    prefix: map === undefined ? prefix : '',
    flag: FLAGS[entry.type],
  });
  const parts = records.length === 0 ? [header] : [...paxHeader(entry, Buffer.concat(records)), header];
  if (map !== undefined) parts.push(map);
  return parts.length === 1 ? header : Buffer.concat(parts);
}

/** The pax header with its records, padded to whole blocks. */
function paxHeader(entry: TarEntry, records: Buffer): Buffer[] {
  const name = `PaxHeaders.0/${entry.name.replace(/\/$/, '')}`;
  const about = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, linkName: '', deviceMajor: 0, deviceMinor: 0 };
  const header = ustar({ ...about, name, prefix: '', size: records.length, flag: 'x' });
  return [header, records, Buffer.alloc(tarPaddingBytes(records.length))];
}

/** Two empty blocks end an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/** The padding of the last block of a content. */
export function tarPaddingBytes(sizeBytes: number): number {
  return (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
}

interface Ustar
  extends Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtimeSeconds' | 'linkName' | 'deviceMajor' | 'deviceMinor'> {
  readonly name: string;
  readonly prefix: string;
  readonly size: number;
  readonly flag: string;
}

/** Values that do not fit are cut: a pax record before it has the complete value. */
function ustar(fields: Ustar): Buffer {
  const header = Buffer.alloc(BLOCK);
  const put = (text: string, at: number, length: number): void => void header.write(text, at, length, 'latin1');
  const octal = (value: number, at: number, width: number): void =>
    put(
      Math.max(0, Math.min(value, 8 ** (width - 1) - 1))
        .toString(8)
        .padStart(width - 1, '0'),
      at,
      width,
    );
  put(fields.name, 0, NAME_MAX);
  octal(fields.mode, 100, 8);
  octal(fields.uid, 108, 8);
  octal(fields.gid, 116, 8);
  octal(fields.size, 124, 12);
  octal(fields.mtimeSeconds, 136, 12);
  header.fill(0x20, 148, 156);
  put(fields.flag, 156, 1);
  put(fields.linkName, 157, NAME_MAX);
  put('ustar\x0000', 257, 8);
  octal(fields.deviceMajor, 329, 8);
  octal(fields.deviceMinor, 337, 8);
  put(fields.prefix, 345, PREFIX_MAX);
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += header[at] ?? 0;
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return header;
}

/** The prefix and name in ustar's form. Undefined when they do not fit. */
function splitName(name: string): [prefix: string, name: string] | undefined {
  if (!ASCII.test(name)) return undefined;
  if (name.length <= NAME_MAX) return ['', name];
  // The last slash with a name after it and a prefix that fits before it.
  for (let slash = name.lastIndexOf('/', name.length - 2); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    if (name.length - slash - 1 > NAME_MAX) return undefined;
    if (slash <= PREFIX_MAX) return [name.slice(0, slash), name.slice(slash + 1)];
  }
  return undefined;
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string | Buffer): Buffer {
  const bytes = Buffer.concat([
    Buffer.from(` ${key}=`, 'latin1'),
    typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
    Buffer.of(0x0a),
  ]);
  let length = bytes.length + 1;
  while (length !== bytes.length + String(length).length) length = bytes.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), bytes]);
}

function paxTime({ mtimeSeconds, mtimeNanos }: TarEntry): string {
  // Before 1970 the fraction counts in the other direction.
  const isNegative = mtimeSeconds < 0;
  const seconds = isNegative && mtimeNanos > 0 ? mtimeSeconds + 1 : mtimeSeconds;
  const nanos = isNegative && mtimeNanos > 0 ? 1_000_000_000 - mtimeNanos : mtimeNanos;
  const sign = isNegative && seconds === 0 ? '-' : '';
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${sign}${seconds}${fraction}`;
}

function sparseMap(regions: readonly SparseRegion[]): Buffer {
  const lines = [regions.length, ...regions.flatMap(({ offset, length }) => [offset, length])];
  const text = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
  return Buffer.concat([text, Buffer.alloc(tarPaddingBytes(text.length))]);
}
