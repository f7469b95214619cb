import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { posix } from 'node:path';
import { errnoOf, invalid } from '../../../base/errors.ts';
import {
  descriptorPath,
  makeDevice,
  makeNode,
  O_PATH,
  openat2,
  RESOLVE,
  removeTree,
  S_IF,
  setOpenFileTimes,
  setTimes,
} from '../../../linux/index.ts';
import type { FileKind } from '../../../spec/index.ts';
import { show } from './listing.ts';
import { setXattrs, type Xattrs } from './xattrs.ts';

/** An entry of a directory, as it shall be. Owners are 0:0. */
export interface Entry {
  /** Relative to the root of the transfer. */
  readonly path: string;
  readonly name: string;
  readonly kind: FileKind;
  readonly permissions: number;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  readonly sizeBytes: number;
  readonly xattrs: Xattrs;
}

/** A directory that the listing is in. */
interface Level {
  readonly descriptor: number;
  /** For entries: the directory itself, whatever leads to it. */
  readonly prefix: string;
  readonly path: string;
  /** What was here before, and has not come in the listing. Undefined for a new directory. */
  readonly rest: Set<string> | undefined;
}

/** In which no component is a symlink or a mount. */
const INSIDE = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_XDEV;

/**
 * Makes the entries of a folder equal to a listing, one after the other. Directories are reached by descriptors, and nothing
 * is ever followed out of the folder. Nobody else may change the folder meanwhile. Synchronous.
 */
export class FolderWriter implements Disposable {
  readonly root: number;
  readonly #levels: Level[];
  readonly #directories: { readonly path: string; readonly modified: bigint }[] = [];
  readonly #links: { readonly path: string; readonly target: string }[] = [];
  #hasChanged = false;

  constructor(folder: string) {
    this.root = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    const rest = new Set(readdirSync(folder));
    this.#levels = [{ descriptor: this.root, prefix: `${descriptorPath(this.root)}/`, path: '', rest }];
  }

  /** Whether anything but times is different from before. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  changed(): void {
    this.#hasChanged = true;
  }

  /** Leaves directories whose entries have all come. What else is in them goes. */
  leave(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const level = this.#levels.pop();
      if (level === undefined) throw new Error('no directory is open');
      for (const name of level.rest ?? []) this.#remove(`${level.prefix}${name}`);
      if (level.descriptor !== this.root) closeSync(level.descriptor);
    }
  }

  /** What is at the name of the entry that has come. */
  before(name: string): BigIntStats | undefined {
    const { rest, prefix } = this.#level;
    return rest?.delete(name) === true ? lstatSync(`${prefix}${name}`, { bigint: true }) : undefined;
  }

  /** Returns whether the file is there already, by kind, size and time. Its mode and attributes are set then. */
  keepFile(entry: Entry, before: BigIntStats | undefined): boolean {
    if (before?.isFile() !== true || before.size !== BigInt(entry.sizeBytes) || before.mtimeNs !== entry.modified) {
      return false;
    }
    this.#setAttributes(entry, before);
    return true;
  }

  /**
   * Makes place for a file whose content comes. A file that is here is overwritten, unless it has another name. Returns
   * whether the file will be a new one.
   */
  clearForFile({ name }: Entry, before: BigIntStats | undefined): boolean {
    if (before?.isFile() === true && before.nlink === 1n) return false;
    if (before !== undefined) this.#remove(this.#at(name));
    return true;
  }

  directory(entry: Entry, before: BigIntStats | undefined): void {
    const isThere = before?.isDirectory() === true;
    const path = this.#at(entry.name);
    if (!isThere) {
      if (before !== undefined) this.#remove(path);
      mkdirSync(path, 0o700);
      this.changed();
    }
    this.#setAttributes(entry, isThere ? before : undefined);
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const descriptor = openat2(this.#level.descriptor, entry.name, { flags, resolve: INSIDE });
    const rest = isThere ? new Set(readdirSync(descriptorPath(descriptor))) : undefined;
    this.#levels.push({ descriptor, prefix: `${descriptorPath(descriptor)}/`, path: entry.path, rest });
    this.#directories.push({ path: entry.path, modified: entry.modified });
  }

  symlink(entry: Entry, target: string, before: BigIntStats | undefined): void {
    const path = this.#at(entry.name);
    if (before?.isSymbolicLink() !== true || readlinkSync(path) !== target) {
      if (before !== undefined) this.#remove(path);
      symlinkSync(target, path);
      this.changed();
    }
    setXattrs(path, entry.xattrs, false);
    setTimes(path, entry.modified, entry.modified);
  }

  /** A pipe or a device. @throws EngineError invalid for a device that overlayfs takes for a removed file */
  node(
    entry: Entry,
    { major, minor }: { readonly major: number; readonly minor: number },
    before: BigIntStats | undefined,
  ): void {
    const path = this.#at(entry.name);
    const type = { pipe: S_IF.IFO, block: S_IF.BLK, character: S_IF.CHR }[entry.kind as 'pipe' | 'block' | 'character'];
    const device = entry.kind === 'pipe' ? 0 : deviceNumber(entry, major, minor);
    const isThere =
      before !== undefined &&
      (Number(before.mode) & S_IF.MT) === type &&
      (device === 0 || Number(before.rdev) === device);
    if (!isThere) {
      if (before !== undefined) this.#remove(path);
      makeNode(path, type | 0o600, device);
      this.changed();
    }
    this.#setAttributes(entry, isThere ? before : undefined);
    setTimes(path, entry.modified, entry.modified);
  }

  /** A further name of a file that came before. It is made at the end. */
  link({ path }: Entry, target: string): void {
    this.#links.push({ path, target });
  }

  /** Leaves all directories, makes the links, and sets the times of directories. */
  finish(): void {
    this.leave(this.#levels.length);
    for (const link of this.#links) this.#makeLink(link);
    for (const { path, modified } of this.#directories) {
      const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      const descriptor = openat2(this.root, path, { flags, resolve: INSIDE });
      try {
        setOpenFileTimes(descriptor, modified, modified);
      } finally {
        closeSync(descriptor);
      }
    }
  }

  /** Opens a file of a directory that has come. The caller closes it. */
  openFile(path: string, isNew: boolean): number {
    const flags = constants.O_WRONLY | constants.O_NOFOLLOW | (isNew ? constants.O_CREAT | constants.O_TRUNC : 0);
    return openat2(this.root, path, { flags, mode: isNew ? 0o600 : 0, resolve: INSIDE });
  }

  /** Path of an entry for system calls that do not follow a symlink at its end. */
  pathOf(path: string): string {
    return `${descriptorPath(this.root)}/${path}`;
  }

  get #level(): Level {
    const level = this.#levels.at(-1);
    if (level === undefined) throw new Error('the listing has ended');
    return level;
  }

  #at(name: string): string {
    return `${this.#level.prefix}${name}`;
  }

  #setAttributes(entry: Entry, before: BigIntStats | undefined): void {
    const path = this.#at(entry.name);
    if (before === undefined || (Number(before.mode) & 0o7777) !== entry.permissions) {
      chmodSync(path, entry.permissions);
      this.changed();
    }
    // As for BuildKit, an attribute that was removed is noticed with the next change of the file.
    if (entry.xattrs.size > 0 && setXattrs(path, entry.xattrs, before === undefined)) this.changed();
  }

  #remove(path: string): void {
    this.changed();
    try {
      unlinkSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'EISDIR' && errnoOf(error) !== 'EPERM') throw error;
      removeTree(path);
    }
  }

  #makeLink({ path, target }: { readonly path: string; readonly target: string }): void {
    using from = this.#parentOf(target);
    using to = this.#parentOf(path);
    const source = statOf(from.path);
    if (source?.isFile() !== true) throw invalid(`${show(path)} links to ${show(target)}, which is no file`);
    const before = statOf(to.path);
    if (before?.ino === source.ino) return;
    if (before !== undefined) this.#remove(to.path);
    linkSync(from.path, to.path);
    this.changed();
  }

  /** The path of an entry in its opened directory. @throws EngineError invalid */
  #parentOf(path: string): { readonly path: string } & Disposable {
    const parent = posix.dirname(path);
    const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    let descriptor: number;
    try {
      descriptor = openat2(this.root, parent, { flags, resolve: INSIDE });
    } catch (error) {
      throw invalid(`${show(path)} is in no directory of the transfer`, error);
    }
    return {
      path: `${descriptorPath(descriptor)}/${posix.basename(path)}`,
      [Symbol.dispose]: () => closeSync(descriptor),
    };
  }

  [Symbol.dispose](): void {
    for (const { descriptor } of this.#levels.splice(0)) if (descriptor !== this.root) closeSync(descriptor);
    closeSync(this.root);
  }
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function deviceNumber({ kind, path }: Entry, major: number, minor: number): number {
  if (kind === 'character' && major === 0 && minor === 0)
    throw invalid(`${show(path)} is a device that marks removed files`);
  try {
    return makeDevice(major, minor);
  } catch (error) {
    throw invalid(`${show(path)} is an unknown device`, error);
  }
}
