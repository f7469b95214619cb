import { createHash, hash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { EngineError } from '../../../base/errors.ts';
import { type Digest, parseDigest } from '../../../base/ids.ts';
import { type TarEntryType, tarTypeOf } from '../../../io/index.ts';
import { type BytePath, Directory, deviceMajor, deviceMinor, getXattr, listXattrs } from '../../../linux/index.ts';
import { type PathFilter, pathFilter } from './path-filter.ts';
import type { PathSelection } from './path-selection.ts';
import { type SelectedPath, selectPaths } from './select-paths.ts';

/**
 * Content sums of paths in a root, one per selection: sha256 over what a tar header says of a file (mode, owner, size,
 * type, link, device, extended attributes) and its bytes. Times do not count. A directory's sum is over its own header and
 * the names and sums of its content. A selection without wildcards and patterns has the sum of its one path, whatever its
 * name; otherwise the sum is over the names and sums of what it selects. Synchronous.
 * @throws EngineError notFound for a path without wildcards; invalid; cancelled
 */
export function contentSums(
  root: string,
  selections: readonly PathSelection[],
  shouldStop: () => boolean,
): readonly Digest[] {
  const sums = new ContentSums(shouldStop, { repeats: selections.length > 1 });
  return selections.map((selection) => parseDigest(`sha256:${sums.ofSelection(root, selection)}`));
}

/** Attributes that count: neither the kernel's own nor those of this host. */
const UNCOUNTED_XATTR = /^(?:system\.|security\.(?!capability$)|(?:trusted|user)\.overlay\.)/;
const TYPE_FLAG: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Smaller files are hashed in one call. */
const WHOLE_BYTES = 128 << 10;
const CHUNK_BYTES = 1 << 20;

class ContentSums {
  readonly #shouldStop: () => boolean;
  /** Sums of files by device, inode, time of the last change, and size. */
  readonly #known = new Map<string, string>();
  /** Whether a file may be met again without a second link. */
  readonly #repeats: boolean;
  readonly #small = Buffer.allocUnsafeSlow(WHOLE_BYTES);
  #large: Buffer | undefined;

  constructor(shouldStop: () => boolean, { repeats }: { readonly repeats: boolean }) {
    this.#shouldStop = shouldStop;
    this.#repeats = repeats;
  }

  ofSelection(root: string, selection: PathSelection): string {
    const filter = pathFilter(selection);
    const isPlain = filter === undefined && selection.hasWildcards !== true;
    const lines: string[] = [];
    for (const selected of selectPaths(root, selection)) {
      const sum = this.#ofSelected(selected, filter);
      if (isPlain && sum !== undefined) return sum;
      if (sum !== undefined) lines.push(`${selected.name}\0${sum}\0`);
    }
    return hash('sha256', Buffer.from(lines.join(''), 'latin1'));
  }

  #ofSelected({ directory, entry, name, stat }: SelectedPath, filter: PathFilter | undefined): string | undefined {
    const source = directory.entry(entry);
    if (stat.isDirectory()) return this.#ofDirectory(source, { at: '', filter, isWanted: true });
    if (filter !== undefined && filter.verdict(name) !== 'yes') return undefined;
    return stat.isFile() ? this.#ofRegular(source) : this.#ofSpecial(source, stat);
  }

  /** Undefined for a directory that is not wanted itself, and has nothing that is. */
  #ofDirectory(source: string | Buffer, place: Place): string | undefined {
    using directory = new Directory(source);
    const lines: string[] = [];
    for (const entry of entriesOf(directory)) {
      const sum = this.#ofEntry(directory, entry, place);
      if (sum !== undefined) lines.push(`${entry.name}\0${sum}\0`);
    }
    if (!place.isWanted && lines.length === 0) return undefined;
    const stat = fstatSync(directory.descriptor, { bigint: true });
    const header = headerOf(stat, '', attributesOf(directory.descriptor, `${directory.path}/.`));
    return hash('sha256', Buffer.from(`${header}${lines.join('')}`, 'latin1'));
  }

  #ofEntry(directory: Directory, entry: Dirent<BytePath>, { at, filter }: Place): string | undefined {
    if (this.#shouldStop()) throw new EngineError('cancelled', 'the content sum was cancelled');
    const path = `${at}${entry.name}` as BytePath;
    const verdict = filter === undefined ? 'yes' : filter.verdict(path);
    if (verdict === 'no') return undefined;
    const source = directory.entry(entry.name);
    if (entry.isDirectory()) return this.#ofDirectory(source, { at: `${path}/`, filter, isWanted: verdict === 'yes' });
    if (verdict !== 'yes') return undefined;
    return entry.isFile() ? this.#ofRegular(source) : this.#ofSpecial(source, lstatSync(source, { bigint: true }));
  }

  #ofSpecial(source: string | Buffer, stat: BigIntStats): string {
    const link = stat.isSymbolicLink() ? readlinkSync(source, 'latin1') : '';
    return hash('sha256', Buffer.from(headerOf(stat, link, attributesOf(source, source)), 'latin1'));
  }

  #ofRegular(source: string | Buffer): string {
    const file = openSync(source, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stat = fstatSync(file, { bigint: true });
      const isKept = this.#repeats || stat.nlink > 1n;
      const identity = isKept ? `${stat.dev} ${stat.ino} ${stat.ctimeNs} ${stat.size}` : '';
      const known = this.#known.get(identity);
      if (known !== undefined) return known;
      const sum = this.#ofContent(file, headerOf(stat, '', attributesOf(file, source)), Number(stat.size));
      if (isKept) this.#known.set(identity, sum);
      return sum;
    } finally {
      closeSync(file);
    }
  }

  #ofContent(file: number, header: string, size: number): string {
    if (header.length + size < WHOLE_BYTES) {
      const begin = this.#small.write(header, 0, 'latin1');
      const length = size === 0 ? 0 : readSync(file, this.#small, begin, WHOLE_BYTES - begin, 0);
      if (length < WHOLE_BYTES - begin) return hash('sha256', this.#small.subarray(0, begin + length));
    }
    this.#large ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const sum = createHash('sha256').update(header, 'latin1');
    for (let at = 0; ; ) {
      if (this.#shouldStop()) throw new EngineError('cancelled', 'the content sum was cancelled');
      const length = readSync(file, this.#large, 0, CHUNK_BYTES, at);
      if (length === 0) return sum.digest('hex');
      sum.update(this.#large.subarray(0, length));
      at += length;
    }
  }
}

interface Place {
  /** Path from the selected directory, with a trailing slash unless it is empty. */
  readonly at: string;
  readonly filter: PathFilter | undefined;
  /** Whether the directory counts even if it has nothing that does. */
  readonly isWanted: boolean;
}

/** In the order of their names. */
function entriesOf(directory: Directory): Dirent<BytePath>[] {
  const entries = readdirSync(directory.path, { withFileTypes: true, encoding: 'latin1' }) as Dirent<BytePath>[];
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** In Latin-1. Each value ends with a NUL, which no value contains: those of attributes are in hex. */
function headerOf(stat: BigIntStats, link: string, attributes: string): string {
  const type = tarTypeOf(stat);
  const flag = type === undefined ? '' : TYPE_FLAG[type];
  const size = type === 'file' ? stat.size : 0n;
  const isDevice = type === 'character' || type === 'block';
  const rdev = isDevice ? Number(stat.rdev) : 0;
  const owner = `mode\0${stat.mode & 0o7777n}\0uid\0${stat.uid}\0gid\0${stat.gid}\0`;
  const kind = `size\0${size}\0typeflag\0${flag}\0linkname\0${link}\0uname\0\0gname\0\0`;
  return `name\0\0${owner}${kind}devmajor\0${deviceMajor(rdev)}\0devminor\0${deviceMinor(rdev)}\0${attributes}`;
}

/** `place` is the path, or an open descriptor of it: that is faster. */
function attributesOf(place: string | Buffer | number, path: string | Buffer): string {
  const names = listXattrs(place).filter((name) => !UNCOUNTED_XATTR.test(name));
  const hexOf = (name: string): string => getXattr(path, name)?.toString('hex') ?? '';
  return names
    .sort()
    .map((name) => `${Buffer.from(name).toString('latin1')}\0${hexOf(name)}\0`)
    .join('');
}
