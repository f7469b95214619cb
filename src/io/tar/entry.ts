import type { BigIntStats } from 'node:fs';

export type TarEntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** A region of a sparse file that holds data. The bytes between regions are zero. */
export interface SparseRegion {
  readonly offset: number;
  readonly length: number;
}

/**
 * One entry of an archive, with its extensions (pax, GNU) applied. Names keep their bytes: one character per byte,
 * Latin-1.
 */
export interface TarEntry {
  readonly name: string;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Number of bytes that follow in the archive. 0 for everything but files. */
  readonly size: number;
  /** Size of the file on disk. It equals `size` unless the file is sparse. */
  readonly fileSize: number;
  /** In ascending order. The data regions follow one another in the archive. Undefined unless sparse. */
  readonly sparse: readonly SparseRegion[] | undefined;
  /** Whole seconds since 1970, and nanoseconds to add. */
  readonly mtimeSeconds: number;
  readonly mtimeNanos: number;
  /** Empty except for links and symlinks. */
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by name. */
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined;
}

/** An empty file of root without a name, as a base for entries. */
export const PLAIN_TAR_ENTRY: TarEntry = {
  name: '',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  fileSize: 0,
  sparse: undefined,
  mtimeSeconds: 0,
  mtimeNanos: 0,
  linkName: '',
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: undefined,
};

/** The type of a file in an archive, except for hard links. Undefined for sockets, which an archive cannot hold. */
export function tarTypeOf(stat: BigIntStats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

/** The name for messages: as UTF-8, cut to a readable length. */
export function showName(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
