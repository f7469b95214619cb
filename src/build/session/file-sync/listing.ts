import { EngineError, invalid } from '../../../base/errors.ts';

/** Limits of a directory that a client sends. */
export interface TreeLimits {
  readonly entries: number;
  /** Directories within each other. Each keeps a descriptor open. */
  readonly depth: number;
  /** Bytes of a path. Above it, system calls fail. */
  readonly pathBytes: number;
}

export const TREE_LIMITS: TreeLimits = { entries: 2_000_000, depth: 400, pathBytes: 4000 };

/** A directory of the listing that is not complete yet. */
interface OpenDirectory {
  readonly path: string;
  lastName: string;
}

/**
 * Checks the order of a listing: paths are relative and clean, each directory comes before what it contains, and the names in
 * a directory ascend by their bytes. So no path comes twice, and none leads out of the root or through anything but a
 * directory of the listing.
 */
export class Listing {
  readonly #limits: TreeLimits;
  readonly #open: OpenDirectory[] = [{ path: '', lastName: '' }];
  #entries = 0;

  constructor(limits: TreeLimits) {
    this.#limits = limits;
  }

  /** Number of entries so far: the next one has it as id. */
  get entries(): number {
    return this.#entries;
  }

  /**
   * Takes the next path. Returns its name, and how many of the open directories are complete by that: the rest leads to the
   * path's directory. @throws EngineError invalid, tooLarge
   */
  next(path: string): { readonly name: string; readonly closed: number } {
    if (this.#entries >= this.#limits.entries) {
      throw new EngineError('tooLarge', `directory has more than ${this.#limits.entries} entries`);
    }
    if (Buffer.byteLength(path) > this.#limits.pathBytes) {
      throw invalid(`path is too long: ${JSON.stringify(path.slice(0, 100))}…`);
    }
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(slash, 0));
    const name = path.slice(slash + 1);
    if (slash === 0 || name === '' || name === '.' || name === '..' || name.includes('\0')) {
      throw invalid(`invalid path in a directory: ${show(path)}`);
    }
    let closed = 0;
    let top = this.#open.at(-1);
    while (top !== undefined && top.path !== parent) {
      this.#open.pop();
      closed += 1;
      top = this.#open.at(-1);
    }
    if (top === undefined) throw invalid(`path ${show(path)} comes without its directory`);
    if (compareNames(top.lastName, name) >= 0) throw invalid(`path ${show(path)} is out of order`);
    top.lastName = name;
    this.#entries += 1;
    return { name, closed };
  }

  /** The path that came last is a directory. @throws EngineError tooLarge */
  enter(path: string): void {
    if (this.#open.length > this.#limits.depth)
      throw new EngineError('tooLarge', `directory ${show(path)} is too deep`);
    this.#open.push({ path, lastName: '' });
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character, control characters included.
const ASCII = /^[\x00-\x7f]*$/;

/** Compares by the bytes of UTF-8. */
export function compareNames(a: string, b: string): number {
  if (ASCII.test(a) && ASCII.test(b)) return a < b ? -1 : Number(a > b);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Whether a path, such as a hard link's target, is relative and clean. */
export function isCleanPath(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

export function show(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}
