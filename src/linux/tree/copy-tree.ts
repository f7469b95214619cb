import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { type BytePath, showPath, sysPath } from '../byte-path.ts';
import { setMode } from '../file-mode.ts';
import { setTimes } from '../file-times.ts';
import { makeNode, S_IF } from '../mknod.ts';
import { descriptorPath, O_PATH, openat2, RESOLVE } from '../openat2.ts';
import { SyscallError } from '../syscall-error.ts';
import { getXattr, listXattrs, setXattr } from '../xattr.ts';
import { copyContent } from './copy-content.ts';
import { Directory } from './directory.ts';

export interface CopyTree {
  /** An existing directory, or a symlink to one such as a descriptor's path. */
  readonly source: string;
  /** An existing directory. It takes the source's owner, mode, xattrs and times too. */
  readonly target: string;
  /** Called before each entry and each part of a large file. True stops the copy. */
  readonly cancelled?: () => boolean;
  /** Called with the bytes copied so far: the sizes of everything but directories, as `treeSize` counts. */
  readonly progress?: (bytes: number) => void;
}

/**
 * Copies a directory's content with owners, modes, xattrs, times to the nanosecond, hard links, symlinks, device nodes,
 * FIFOs, sockets and holes. Blocks. Shares blocks where the file system can. A directory that exists in the target is
 * merged; anything else that exists there is EEXIST. Entries that vanish meanwhile are left out. No symlink below source or target is ever followed, not
 * even one that a process puts there meanwhile.
 *
 * No mount below source or target is entered, not even a bind mount of the same file system: what is mounted there
 * belongs to somebody else, and a copy without it would pass for a whole one. Source and target themselves may be mount
 * points.
 * @throws EngineError cancelled; EXDEV with the path of a mount point; system errors. Copied files stay: the caller
 * removes them.
 */
export function copyTree(request: CopyTree): void {
  using source = new Directory(`${request.source}/.`);
  using target = new Directory(`${request.target}/.`);
  new TreeCopy(target, request).content(source, target, '' as BytePath);
  const [from, to] = [`${source.path}/.`, `${target.path}/.`];
  copyAttributes(lstatSync(from, { bigint: true }), { from, to, isLink: false });
}

/** What a copy takes and makes. By default everything as it is. */
export interface CopyRules {
  /** Path from the root of both trees. `partly`: not itself, but perhaps something in the directory. */
  readonly select?: (path: BytePath) => 'yes' | 'partly' | 'no';
  /** Called before the copy of an entry is made. It may remove what is there, or throw. */
  readonly makeSpace?: (entry: CopyEntry, kind: 'directory' | 'other') => void;
  readonly attributes?: (stat: BigIntStats) => CopiedAttributes;
}

/** Numbers as stat(2) returns them; `mode` may have the type. */
export type CopiedAttributes = Pick<BigIntStats, 'uid' | 'gid' | 'mode' | 'atimeNs' | 'mtimeNs'>;

/** An entry of a directory and its copy. */
export interface CopyEntry {
  readonly source: Directory;
  readonly target: Directory;
  readonly name: BytePath;
  /** Name of the copy. Default: the same. */
  readonly as?: BytePath;
  /** From the root of both trees. */
  readonly path: BytePath;
}

/** What reading an entry of the source says that was removed or replaced after the look at it. */
const CHANGED: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'ENOTDIR', 'EINVAL']);
const LOOKS_MAX = 100;

/** Copies entries of directories. Hard links are kept among everything that one object copies. */
export class TreeCopy {
  readonly #root: Directory;
  readonly #watch: Pick<CopyTree, 'cancelled' | 'progress'>;
  readonly #rules: CopyRules;
  /** First copy of each inode with several names, as a path from the root. */
  readonly #linked = new Map<string, BytePath>();
  #bytes = 0;

  /** All copies are below `root`. */
  constructor(root: Directory, watch: Pick<CopyTree, 'cancelled' | 'progress'>, rules: CopyRules = {}) {
    this.#root = root;
    this.#watch = watch;
    this.#rules = rules;
  }

  /** Copies one entry, whatever it is. */
  entry(entry: CopyEntry): void {
    this.#check();
    this.#entry(entry);
  }

  /** `at` is the path of both directories from their roots, with a trailing slash unless it is empty. */
  content(source: Directory, target: Directory, at: BytePath): void {
    for (const { name, isDirectory } of source.entries()) {
      this.#check();
      const path = `${at}${name}` as BytePath;
      if (!this.#selects(source, name, path)) continue;
      if (isDirectory === true) this.#directory({ source, target, name, path });
      else this.#entry({ source, target, name, path });
    }
  }

  /** Whether there is something to copy at a path. */
  #selects(source: Directory, name: BytePath, path: BytePath): boolean {
    const verdict = this.#rules.select?.(path) ?? 'yes';
    if (verdict !== 'partly') return verdict === 'yes';
    if (lstatSync(source.entry(name), { throwIfNoEntry: false })?.isDirectory() !== true) return false;
    using inside = entered(source, name, path);
    return inside?.names().some((below) => this.#selects(inside, below, `${path}/${below}` as BytePath)) === true;
  }

  #directory(entry: CopyEntry, looks = LOOKS_MAX): void {
    const { source, target, name, as = name, path } = entry;
    let opened: Directory | undefined;
    try {
      opened = entered(source, name, path);
    } catch (error) {
      if (looks === 0 || !CHANGED.has(errnoOf(error) ?? '')) throw error;
      this.#entry(entry, looks - 1);
      return;
    }
    using from = opened;
    if (from === undefined) return;
    const stat = fstatSync(from.descriptor, { bigint: true });
    this.#rules.makeSpace?.(entry, 'directory');
    makeDirectory(target.entry(as));
    using to = entered(target, as, path);
    if (to === undefined) return;
    this.content(from, to, `${path}/` as BytePath);
    this.#copyAttributes(stat, `${from.path}/.`, `${to.path}/.`);
  }

  /** Looks again, so many times at most, when another process puts something of another kind in the entry's place. */
  #entry(entry: CopyEntry, looks = LOOKS_MAX): void {
    const { source, target, name, as = name, path } = entry;
    const [from, to] = [source.entry(name), target.entry(as)];
    const stat = lstatSync(from, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      this.#directory(entry, looks);
      return;
    }
    this.#rules.makeSpace?.(entry, 'other');
    if (stat.nlink > 1n && this.#link(stat, to, path)) return;
    let left = Number(stat.size);
    const part = (bytes: number): void => {
      this.#check();
      this.#done(bytes);
      left -= bytes;
    };
    try {
      if (stat.isFile()) copyFile(entry, to, part);
      else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(from, 'buffer'), to);
      else makeNode(to, Number(stat.mode) & (S_IF.MT | 0o7777), Number(stat.rdev));
    } catch (error) {
      if (looks === 0 || !CHANGED.has(errnoOf(error) ?? '')) throw error;
      this.#linked.delete(identityOf(stat));
      this.#entry(entry, looks - 1);
      return;
    }
    this.#done(left);
    this.#copyAttributes(stat, from, to);
  }

  #copyAttributes(stat: BigIntStats, from: string | Buffer, to: string | Buffer): void {
    const isLink = stat.isSymbolicLink();
    copyAttributes(this.#rules.attributes?.(stat) ?? stat, { from, to, isLink });
  }

  #check(): void {
    if (this.#watch.cancelled?.() === true) throw new EngineError('cancelled', 'the copy was cancelled');
  }

  #done(bytes: number): void {
    this.#bytes += bytes;
    this.#watch.progress?.(this.#bytes);
  }

  /** Links the entry to an earlier copy. Returns whether it did; otherwise the entry's name is kept for later links. */
  #link(stat: BigIntStats, to: string | Buffer, path: BytePath): boolean {
    const identity = identityOf(stat);
    const first = this.#linked.get(identity);
    if (first === undefined) {
      this.#linked.set(identity, path);
      return false;
    }
    const slash = first.lastIndexOf('/');
    const parent = openat2(this.#root.descriptor, sysPath(`./${first.slice(0, Math.max(slash, 0))}` as BytePath), {
      flags: O_PATH | constants.O_DIRECTORY,
      resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
    });
    try {
      linkSync(sysPath(`${descriptorPath(parent)}/${first.slice(slash + 1)}` as BytePath), to);
    } finally {
      closeSync(parent);
    }
    return true;
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Undefined when it has vanished. @throws EXDEV with the path */
function entered(directory: Directory, name: BytePath, path: BytePath): Directory | undefined {
  try {
    return directory.enter(name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw withPath(error, path);
  }
}

function copyFile({ source, name, path }: CopyEntry, to: string | Buffer, part: (bytes: number) => void): void {
  let file: number;
  try {
    file = source.openFile(name);
  } catch (error) {
    throw withPath(error, path);
  }
  try {
    copyContent(file, to, part);
  } finally {
    closeSync(file);
  }
}

function withPath(error: unknown, path: BytePath): unknown {
  if (!(error instanceof SyscallError)) return error;
  const subject = error.code === 'EXDEV' ? `the mount point ${showPath(path)}` : showPath(path);
  return new SyscallError('copy', error.errno, subject);
}

function makeDirectory(path: string | Buffer): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !lstatSync(path).isDirectory()) throw error;
  }
}

/** overlayfs's own records would have another meaning elsewhere. */
const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;

/** In an order that keeps the attributes: chown clears setuid bits and capabilities, and everything changes times. */
export function copyAttributes(
  stat: CopiedAttributes,
  { from, to, isLink }: { readonly from: string | Buffer; readonly to: string | Buffer; readonly isLink: boolean },
): void {
  lchownSync(to, Number(stat.uid), Number(stat.gid));
  if (!isLink) setMode(to, Number(stat.mode) & 0o7777);
  for (const name of unlessGone(() => listXattrs(from)) ?? []) {
    if (OVERLAY_XATTR.test(name)) continue;
    const value = unlessGone(() => getXattr(from, name));
    if (value !== undefined) setXattrWherePossible(to, name, value);
  }
  setTimes(to, stat.atimeNs, stat.mtimeNs);
}

/** Undefined when the source was removed meanwhile. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file system without this kind of attribute (tmpfs and `user.`, NFS) does not fail the copy. */
function setXattrWherePossible(path: string | Buffer, name: string, value: Buffer): void {
  try {
    setXattr(path, name, value);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EPERM') throw error;
  }
}
