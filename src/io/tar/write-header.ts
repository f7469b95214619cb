import { BLOCK } from './header.ts';

/** A file or folder of an archive that we compose. Owner is root. */
export interface PlainTarEntry {
  /** ASCII; folders end with `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory';
  readonly mode: number;
  readonly sizeBytes: number;
  /** Seconds since the epoch. */
  readonly mtimeSeconds: number;
}

/** Two empty blocks end an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

const NAME_MAX = 100;
/** What eleven octal digits hold. */
const SIZE_MAX = 8 ** 11 - 1;

/** The header of an entry (POSIX ustar), with a pax header before it where name or size need one. */
export function tarHeader(entry: PlainTarEntry): Buffer {
  const records: string[] = [];
  if (entry.path.length > NAME_MAX) records.push(paxRecord('path', entry.path));
  if (entry.sizeBytes > SIZE_MAX) records.push(paxRecord('size', String(entry.sizeBytes)));
  const header = block({
    ...entry,
    path: entry.path.slice(0, NAME_MAX),
    sizeBytes: Math.min(entry.sizeBytes, SIZE_MAX),
    flag: entry.type === 'directory' ? '5' : '0',
  });
  if (records.length === 0) return header;
  const extended = Buffer.from(records.join(''), 'latin1');
  const before = block({
    path: `PaxHeaders.0/${entry.path}`.slice(0, NAME_MAX),
    mode: 0o644,
    sizeBytes: extended.length,
    mtimeSeconds: entry.mtimeSeconds,
    flag: 'x',
  });
  return Buffer.concat([before, extended, tarPadding(extended.length), header]);
}

/** The zeros that fill the last block of a file. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return TAR_END.subarray(0, (BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + String(rest.length).length;
  length = rest.length + String(length).length;
  return length + rest;
}

function block(entry: Omit<PlainTarEntry, 'type'> & { readonly flag: string }): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(entry.path, 0, NAME_MAX, 'latin1');
  header.write(octal(entry.mode, 8) + octal(0, 8) + octal(0, 8), 100, 'latin1');
  header.write(octal(entry.sizeBytes, 12) + octal(entry.mtimeSeconds, 12), 124, 'latin1');
  header.fill(' ', 148, 156);
  header.write(entry.flag, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(octal(0, 8) + octal(0, 8), 329, 'latin1');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
