import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { errnoOf } from '../../../base/errors.ts';
import {
  PLAIN_TAR_ENTRY,
  type SparseRegion,
  type TarEntry,
  type TarEntryType,
  tarEntryHeader,
  tarPaddingBytes,
  tarTypeOf,
} from '../../../io/index.ts';
import {
  type BytePath,
  descriptorPath,
  deviceMajor,
  deviceMinor,
  getXattr,
  listXattrs,
  nextData,
  O_PATH,
} from '../../../linux/index.ts';

const CHUNK = 1 << 18;
const SECOND = 1_000_000_000n;
/** Smaller holes are written as zeros: not every tar program reads sparse files. */
const SPARSE_HOLE_BYTES = 1 << 20;
/** Attributes of this host or of overlayfs. They have no meaning elsewhere. */
const LOCAL_XATTR = /^(?:security\.(?!capability$)|(?:trusted|user)\.overlay\.|system\.(?!posix_acl_))/;

/**
 * Errors of system calls for a file that vanished, or was replaced by one of another kind (EINVAL of readlink), or
 * whose folder did.
 */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EINVAL', 'ELOOP']);

/** Takes the archive's bytes in order. The callee owns each chunk. An error that it throws ends the archive. */
export type TakeBytes = (chunk: Buffer) => void;

export interface ArchiveOptions {
  /** Whether large holes stay holes. */
  readonly sparse: boolean;
  /** Later times are set to this one, in seconds since the epoch. */
  readonly clampSeconds?: number | undefined;
}

/**
 * Writes files of this host as a tar archive: owners, modes, times in whole seconds as Docker does, hard links,
 * devices, extended attributes. Sockets are omitted. Synchronous. It holds one chunk in memory.
 */
export class ArchiveWriter {
  readonly #take: TakeBytes;
  readonly #sparse: boolean;
  readonly #clampSeconds: number;
  #isClamped = false;
  #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #length = 0;
  /** The first name in the archive of each inode with several links. */
  readonly #linked = new Map<string, string>();

  constructor(take: TakeBytes, options: ArchiveOptions) {
    this.#take = take;
    this.#sparse = options.sparse;
    this.#clampSeconds = options.clampSeconds ?? Number.POSITIVE_INFINITY;
  }

  /** Whether a time was later than `clampSeconds`. */
  get isClamped(): boolean {
    return this.#isClamped;
  }

  /**
   * Adds a file. `name` is its name in the archive, without a trailing slash. A symlink at `source` is not followed.
   * The file is omitted when it has vanished or changed its kind.
   */
  add(name: string, source: string | Buffer, stat: BigIntStats): void {
    try {
      this.#add(name, source, stat);
    } catch (error) {
      if (!GONE.has(errnoOf(error) ?? '')) throw error;
      this.#linked.delete(`${stat.dev}:${stat.ino}`);
    }
  }

  #add(name: string, source: string | Buffer, stat: BigIntStats): void {
    const type = tarTypeOf(stat);
    if (type === undefined) return;
    if (type !== 'directory' && stat.nlink > 1n) {
      const identity = `${stat.dev}:${stat.ino}`;
      const first = this.#linked.get(identity);
      if (first !== undefined) {
        this.#put(tarEntryHeader({ ...this.#entryOf(name, 'link', stat), linkName: first }));
        return;
      }
      this.#linked.set(identity, name);
    }
    const about = { ...this.#entryOf(name, type, stat), xattrs: xattrsOf(source) };
    if (type === 'file') this.#file(about, source);
    else if (type === 'symlink')
      this.#put(tarEntryHeader({ ...about, linkName: readlinkSync(source, 'latin1') as BytePath }));
    else this.#put(tarEntryHeader(about));
  }

  #entryOf(name: string, type: TarEntryType, stat: BigIntStats): TarEntry {
    const entry = entryOf(name, type, stat);
    if (entry.mtimeSeconds <= this.#clampSeconds) return entry;
    this.#isClamped = true;
    return { ...entry, mtimeSeconds: this.#clampSeconds };
  }

  /** Adds an empty file: a whiteout of Docker's layers. */
  mark(name: string): void {
    this.#put(tarEntryHeader({ ...PLAIN_TAR_ENTRY, name, type: 'file' }));
  }

  /** Ends the archive. */
  finish(): void {
    this.#put(Buffer.alloc(1024));
    this.#flush();
  }

  #file(about: TarEntry, source: string | Buffer): void {
    const opened = openFile(source);
    if (opened === undefined) return;
    const { descriptor, stat } = opened;
    try {
      const { size } = stat;
      const hole = size - stat.blocks * 512;
      const sparse = this.#sparse && hole >= SPARSE_HOLE_BYTES ? regionsOf(descriptor, size) : undefined;
      const stored = sparse === undefined ? size : sparse.reduce((sum, { length }) => sum + length, 0);
      this.#put(tarEntryHeader({ ...about, size: stored, fileSize: size, sparse }));
      for (const { offset, length } of sparse ?? [{ offset: 0, length: size }]) this.#read(descriptor, offset, length);
      this.#zeros(tarPaddingBytes(stored));
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * Reads straight into the chunk. Bytes that the file has lost meanwhile become zeros, since the header holds its
   * size.
   */
  #read(descriptor: number, offset: number, length: number): void {
    for (let left = length; left > 0; ) {
      if (this.#length === CHUNK) this.#flush();
      const wanted = Math.min(left, CHUNK - this.#length);
      const got = readSync(descriptor, this.#chunk, this.#length, wanted, offset + length - left);
      if (got === 0) {
        this.#zeros(left);
        return;
      }
      this.#length += got;
      left -= got;
    }
  }

  #zeros(count: number): void {
    for (let left = count; left > 0; ) {
      if (this.#length === CHUNK) this.#flush();
      const length = Math.min(left, CHUNK - this.#length);
      this.#chunk.fill(0, this.#length, this.#length + length);
      this.#length += length;
      left -= length;
    }
  }

  #put(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#length === CHUNK) this.#flush();
      const copied = bytes.copy(this.#chunk, this.#length, at);
      this.#length += copied;
      at += copied;
    }
  }

  #flush(): void {
    if (this.#length === 0) return;
    const chunk = this.#chunk.subarray(0, this.#length);
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK);
    this.#length = 0;
    this.#take(chunk);
  }
}

/**
 * Opens a regular file and returns its current size. Returns undefined when something else is at the path: opening a
 * device may have effects, and a FIFO blocks.
 */
function openFile(source: string | Buffer): { readonly descriptor: number; readonly stat: Stats } | undefined {
  const place = openSync(source, O_PATH | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(place);
    return stat.isFile() ? { descriptor: openSync(descriptorPath(place), constants.O_RDONLY), stat } : undefined;
  } finally {
    closeSync(place);
  }
}

function entryOf(name: string, type: TarEntryType, stat: BigIntStats): TarEntry {
  const isDevice = type === 'character' || type === 'block';
  return {
    ...PLAIN_TAR_ENTRY,
    name: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeSeconds: floorSeconds(stat.mtimeNs),
    ...(isDevice ? { deviceMajor: deviceMajor(Number(stat.rdev)), deviceMinor: deviceMinor(Number(stat.rdev)) } : {}),
  };
}

function floorSeconds(nanos: bigint): number {
  const rest = nanos % SECOND;
  return Number((nanos - (rest < 0n ? rest + SECOND : rest)) / SECOND);
}

function xattrsOf(source: string | Buffer): ReadonlyMap<string, Buffer> | undefined {
  const names = listXattrs(source)
    .filter((name) => !LOCAL_XATTR.test(name) && !name.includes('='))
    .sort();
  if (names.length === 0) return undefined;
  return new Map(
    names.flatMap((name) => {
      const value = getXattr(source, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** The regions with data. Undefined where the file system cannot tell them. */
function regionsOf(descriptor: number, size: number): SparseRegion[] | undefined {
  const regions: SparseRegion[] = [];
  for (let data = nextData(descriptor, 0, size); data !== undefined; data = nextData(descriptor, data.end, size)) {
    regions.push({ offset: data.start, length: data.end - data.start });
  }
  // As in GNU tar, the last region marks the end of the file.
  if (regions.length === 0 || (regions.at(-1)?.offset ?? 0) + (regions.at(-1)?.length ?? 0) < size)
    regions.push({ offset: size, length: 0 });
  return regions;
}
