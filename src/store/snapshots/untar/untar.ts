import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { errnoOf, invalid } from '../../../base/errors.ts';
import { showName, type TarEntry, type TarSink } from '../../../io/index.ts';
import { type BytePath, makeDevice, makeNode, removeTree, S_IF, setXattr, sysPath } from '../../../linux/index.ts';
import { checkTarget, cleanLink, cleanName, parentOf } from './entry-path.ts';
import { FileWriter, setEntryTimes } from './file-writer.ts';
import { describe, NeedsParents } from './untar-errors.ts';
import type { UntarMode, UntarOptions } from './untar-options.ts';
import type { RootAttributes, UntarResult } from './untar-result.ts';
import { XattrWriter } from './xattr-writer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const AUFS = '.wh..wh.';
const NODE_TYPE = { character: S_IF.CHR, block: S_IF.BLK, fifo: S_IF.IFO } as const;

/**
 * Writes an archive's entries below `/`. The calling thread must be confined to the target by `enterRoot`, with umask
 * 0. Then the kernel keeps every name and link inside the target, and the lexical checks only produce clear errors.
 */
export class Untar implements TarSink, Disposable {
  readonly #mode: UntarMode;
  readonly #options: UntarOptions;
  /** With a trailing slash. */
  readonly #base: string;
  readonly #files: FileWriter;
  /** Directories that the archive describes, and those that it only implies. */
  readonly #directories = new Set<string>(['']);
  readonly #implied = new Set<string>();
  /** `merged` only: everything from this archive, and the directories above. */
  readonly #fresh = new Set<string>();
  readonly #directoryTimes = new Map<BytePath, Pick<TarEntry, 'mtimeSeconds' | 'mtimeNanos'>>();
  /** `overlay` only: directories with whiteouts in them. */
  readonly #hiding = new Set<string>();
  readonly #xattrs = new XattrWriter();
  #root: RootAttributes | undefined;
  #isOpaque = false;
  #sawSetgid = false;
  #sizeBytes = 0;
  #lastParent = '';

  constructor(mode: UntarMode, options: UntarOptions = {}) {
    this.#mode = mode;
    this.#options = options;
    const { base = '/' } = options;
    this.#base = base.endsWith('/') ? base : `${base}/`;
    this.#files = new FileWriter(mode !== 'overlay');
  }

  entry(entry: TarEntry): void {
    const path = cleanName(entry.name);
    if (path === '') {
      this.#rootEntry(entry);
      return;
    }
    this.#owned(path, this.#options.owner === undefined ? entry : { ...entry, ...this.#options.owner });
  }

  #owned(path: string, entry: TarEntry): void {
    try {
      this.#ensureParent(parentOf(path));
      const base = path.slice(path.lastIndexOf('/') + 1);
      if (base.startsWith(WHITEOUT) && this.#mode !== 'plain') this.#whiteout(path, base);
      else this.#place(path, entry);
    } catch (error) {
      throw describe(error, entry.name);
    }
  }

  data(chunk: Buffer): void {
    this.#files.write(chunk);
  }

  end(): void {
    this.#files.close((path, entry) => this.#xattrs.write(path, entry));
  }

  /**
   * Call it after the last entry. Directories get their times only now, since every new entry changes the time of its
   * directory.
   */
  finish(): UntarResult {
    for (const [path, times] of this.#directoryTimes) {
      try {
        setEntryTimes(path, times);
      } catch (error) {
        // The archive made the directory through a symlink that it then replaced.
        if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw error;
      }
    }
    for (const path of this.#directories) this.#implied.delete(path);
    return {
      sizeBytes: this.#sizeBytes,
      root: this.#root,
      isOpaque: this.#isOpaque,
      implied: [...this.#implied],
      skippedXattrs: this.#xattrs.skipped,
    };
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }

  #rootEntry(entry: TarEntry): void {
    if (entry.type !== 'directory')
      throw invalid(`invalid archive: ${showName(entry.name)} is the root, and no directory`);
    // The directory that the archive is unpacked into keeps its attributes.
    if (this.#mode === 'plain' && this.#options.givesRoot !== true) return;
    this.#root = { mode: entry.mode, uid: entry.uid, gid: entry.gid };
    this.#directoryAttributes('/' as BytePath, entry);
  }

  #place(path: string, entry: TarEntry): void {
    const target = this.#at(path);
    if (this.#mode === 'merged') this.#fresh.add(path);
    try {
      this.#make(path, target, entry);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      if (this.#freeSpace(path, target, entry)) this.#make(path, target, entry);
    }
    if (entry.type === 'directory') {
      this.#directories.add(path);
      this.#directoryAttributes(target, entry);
    }
  }

  #make(path: string, target: BytePath, entry: TarEntry): void {
    switch (entry.type) {
      case 'file':
        this.#files.open(target, entry, this.#sawSetgid);
        this.#sizeBytes += entry.size;
        return;
      case 'directory':
        mkdirSync(sysPath(target), entry.mode);
        return;
      case 'symlink':
        checkTarget(path, entry.linkName);
        symlinkSync(sysPath(entry.linkName as BytePath), sysPath(target));
        this.#sizeBytes += entry.linkName.length;
        this.#leafAttributes(target, entry);
        return;
      case 'link':
        this.#hardLink(target, entry);
        return;
      default: {
        const device = entry.type === 'fifo' ? 0 : makeDevice(entry.deviceMajor, entry.deviceMinor);
        makeNode(sysPath(target), NODE_TYPE[entry.type] | entry.mode, device);
        this.#leafAttributes(target, entry);
      }
    }
  }

  #hardLink(target: BytePath, entry: TarEntry): void {
    const source = this.#at(cleanLink(entry.name, entry.linkName));
    try {
      linkSync(sysPath(source), sysPath(target));
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
      throw new NeedsParents(`invalid hardlink ${showName(entry.name)} -> ${showName(entry.linkName)}: no such file`);
    }
  }

  /** Something exists at `path`. Removes it if the entry must replace it, and returns whether it did. */
  #freeSpace(path: string, target: BytePath, entry: TarEntry): boolean {
    const existing = lstatSync(sysPath(target));
    if (entry.type === 'directory' && existing.isDirectory()) return false;
    if (this.#options.keepDirectories === true) this.#checkKind(path, entry, existing.isDirectory());
    if (entry.type === 'link' && cleanLink(entry.name, entry.linkName) === path) return false;
    const wasWhiteout = this.#mode === 'overlay' && existing.isCharacterDevice() && existing.rdev === 0;
    this.#remove(path, target, existing.isDirectory());
    if (!wasWhiteout || entry.type !== 'directory') return true;
    // The directory was whited out first and is made anew: the content of the layers below must stay hidden.
    mkdirSync(sysPath(target), entry.mode);
    setXattr(sysPath(target), 'trusted.overlay.opaque', Buffer.from('y'));
    return false;
  }

  #checkKind(path: string, entry: TarEntry, isDirectory: boolean): void {
    if (isDirectory === (entry.type === 'directory')) return;
    const [old, made] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
    const folder = this.#base === '/' ? '/' : this.#base.slice(0, -1);
    throw invalid(`cannot overwrite ${old} ${showName(path)} with ${made} ${showName(folder)}`);
  }

  #at(path: string): BytePath {
    return `${this.#base}${path}` as BytePath;
  }

  #remove(path: string, target: BytePath, isDirectory: boolean): void {
    removeTree(sysPath(target));
    if (!isDirectory) return;
    this.#lastParent = '';
    for (const known of [this.#directories, this.#implied, this.#fresh, this.#hiding]) {
      for (const other of known) if (other === path || other.startsWith(`${path}/`)) known.delete(other);
    }
    for (const other of this.#directoryTimes.keys()) {
      if (other === target || other.startsWith(`${target}/`)) this.#directoryTimes.delete(other);
    }
  }

  #whiteout(path: string, base: string): void {
    const parent = parentOf(path);
    if (base === OPAQUE) {
      if (this.#mode !== 'overlay') this.#emptyOfOld(parent);
      else if (parent === '') this.#isOpaque = true;
      else setXattr(sysPath(this.#at(parent)), 'trusted.overlay.opaque', Buffer.from('y'));
      return;
    }
    // Bookkeeping of aufs, which old images contain.
    if (base.startsWith(AUFS)) return;
    const name = base.slice(WHITEOUT.length);
    if (name === '' || name === '.' || name === '..') throw invalid(`invalid whiteout ${showName(path)}`);
    const hidden = parent === '' ? name : `${parent}/${name}`;
    const target = this.#at(hidden);
    if (this.#mode === 'merged') {
      if (!this.#fresh.has(hidden)) removeTree(sysPath(target));
      else if (lstatSync(sysPath(target)).isDirectory()) this.#emptyOfOld(hidden);
      return;
    }
    this.#markHiding(parent);
    try {
      makeNode(sysPath(target), S_IF.CHR, 0);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      // The layer has a directory of its own: a whiteout hides only the layers below.
      if (lstatSync(sysPath(target)).isDirectory())
        setXattr(sysPath(target), 'trusted.overlay.opaque', Buffer.from('y'));
    }
  }

  /**
   * Without this mark overlayfs lists a directory's whiteouts as empty names where no layer below has the same
   * directory. It looks for whiteouts in directories that may have been copied up (`ovl_path_check_origin_xattr` of
   * fs/overlayfs). An empty origin stands for an unknown one.
   */
  #markHiding(directory: string): void {
    if (this.#hiding.has(directory)) return;
    this.#hiding.add(directory);
    setXattr(sysPath(this.#at(directory)), 'trusted.overlay.origin', Buffer.alloc(0));
  }

  /** `merged`: removes everything in a directory that did not come from this archive. */
  #emptyOfOld(directory: string): void {
    for (const name of readdirSync(sysPath(this.#at(directory)), 'latin1')) {
      const path = directory === '' ? name : `${directory}/${name}`;
      const target = sysPath(this.#at(path));
      if (!this.#fresh.has(path)) removeTree(target);
      else if (lstatSync(target).isDirectory()) this.#emptyOfOld(path);
    }
  }

  /** Makes the directories above an entry that the archive has not described (yet). */
  #ensureParent(parent: string): void {
    if (parent === this.#lastParent) return;
    if (!this.#directories.has(parent) && !this.#implied.has(parent)) {
      this.#ensureParent(parentOf(parent));
      const path = sysPath(this.#at(parent));
      try {
        mkdirSync(path, 0o755);
        lchownSync(path, 0, 0);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        const found = statSync(path, { throwIfNoEntry: false });
        if (found?.isDirectory() !== true) {
          const message = `invalid archive: ${showName(parent)} is not a directory`;
          // A symbolic link may lead to a directory of the layers below.
          throw found === undefined && this.#mode === 'overlay' ? new NeedsParents(message) : invalid(message);
        }
        if (lstatSync(path).isSymbolicLink()) this.#options.checkLinked?.(realpathSync(path));
      }
      this.#implied.add(parent);
    }
    if (this.#mode === 'merged') this.#fresh.add(parent);
    this.#lastParent = parent;
  }

  #directoryAttributes(target: BytePath, entry: TarEntry): void {
    const path = sysPath(target);
    lchownSync(path, entry.uid, entry.gid);
    chmodSync(path, entry.mode);
    if ((entry.mode & 0o2000) !== 0) this.#sawSetgid = true;
    this.#xattrs.write(target, entry);
    const { mtimeSeconds, mtimeNanos } = entry;
    this.#directoryTimes.set(target, { mtimeSeconds, mtimeNanos });
  }

  /**
   * Sets the attributes of what is neither a file nor a directory. The mode is right from the start, unless the owner
   * changes.
   */
  #leafAttributes(target: BytePath, entry: TarEntry): void {
    const path = sysPath(target);
    lchownSync(path, entry.uid, entry.gid);
    if (entry.type !== 'symlink') chmodSync(path, entry.mode);
    this.#xattrs.write(target, entry);
    setEntryTimes(target, entry);
  }
}
