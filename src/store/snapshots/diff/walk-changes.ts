import { type BigIntStats, lstatSync } from 'node:fs';
import { type BytePath, Directory, getXattr } from '../../../linux/index.ts';
import { differs } from './differs.ts';

/** A file of the upper tree that is not as below, or is there for the sake of what it holds. */
export interface PresentChange {
  /** `same`: written, and yet as before as far as its attributes tell. Only of an overlay's upper folder. */
  readonly kind: 'added' | 'modified' | 'same';
  /** From the root, without a slash before it. */
  readonly path: BytePath;
  /** For functions that follow no symlink; only until the walk goes on. */
  readonly source: string | Buffer;
  readonly stat: BigIntStats;
  /** A directory that hides all of the same name below. */
  readonly isOpaque: boolean;
}

export interface Deletion {
  readonly kind: 'deleted';
  readonly path: BytePath;
  /** The directory above is opaque, and says so already. */
  readonly isImplied: boolean;
}

export type TreeChange = PresentChange | Deletion;

export interface WalkChanges {
  readonly upper: string;
  /** The layers below, merged. Undefined when there are none. */
  readonly lower: string | undefined;
  /** `overlay`: upper holds only what was written, with overlayfs's records of deletions; `whole`: a complete tree. */
  readonly upperKind: 'overlay' | 'whole';
  /** Whether changes of kind `same` count. */
  readonly withSame: boolean;
}

/** Every container has one of its own, also where its image was made of a whole container's files. */
const MARK = '.dockerenv';

/** A link to /proc/mounts, made with the mount places. */
const MTAB = 'etc/mtab';

/**
 * What a container needs to be mounted on: a runtime makes it where the image has none. Docker keeps these in a layer of their
 * own, so they are no changes as long as nothing is in them.
 */
const MOUNT_PLACES: ReadonlySet<string> = new Set([
  ...[MARK, 'dev', 'dev/console', 'dev/mqueue', 'dev/pts', 'dev/shm', 'etc', 'etc/hostname'],
  ...['etc/hosts', MTAB, 'etc/resolv.conf', 'proc', 'run', 'run/secrets', 'sys'],
]);

/**
 * What the upper tree changes, by name, a directory before what it holds. A directory comes only when it changed itself or
 * something in it did. Synchronous; holds a descriptor per level, and follows no symlink.
 */
export function* walkChanges(request: WalkChanges): Generator<TreeChange, void, undefined> {
  using upper = new Directory(`${request.upper}/.`);
  if (request.lower === undefined) {
    yield* new Walk(request).directory({ upper, lower: undefined, path: '' as BytePath, isOpaque: false });
    return;
  }
  using lower = new Directory(`${request.lower}/.`);
  yield* new Walk(request).directory({ upper, lower, path: '' as BytePath, isOpaque: false });
}

interface Place {
  readonly upper: Directory;
  readonly lower: Directory | undefined;
  /** With a slash at its end, unless it is the root. */
  readonly path: BytePath;
  readonly isOpaque: boolean;
}

class Walk {
  readonly #isOverlay: boolean;
  readonly #withSame: boolean;
  /** Directories on the way here that are said only if something in them is. */
  #pending: PresentChange[] = [];

  constructor({ upperKind, withSame }: WalkChanges) {
    this.#isOverlay = upperKind === 'overlay';
    this.#withSame = withSame;
  }

  *directory(place: Place): Generator<TreeChange, void, undefined> {
    const names = new Set(place.upper.names());
    if (place.lower !== undefined && (!this.#isOverlay || place.isOpaque)) {
      for (const name of place.lower.names()) names.add(name);
    }
    for (const name of [...names].sort()) yield* this.#entry(place, name);
  }

  *#entry(place: Place, name: BytePath): Generator<TreeChange, void, undefined> {
    const path = `${place.path}${name}` as BytePath;
    const source = place.upper.entry(name);
    const stat = lstatSync(source, { bigint: true, throwIfNoEntry: false });
    const hidden = place.lower?.entry(name);
    const below = hidden === undefined ? undefined : lstatSync(hidden, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || (this.#isOverlay && isWhiteout(stat))) {
      if (below === undefined || isWhiteout(below)) return;
      yield* this.#said({ kind: 'deleted', path, isImplied: place.isOpaque });
      return;
    }
    const kind = below === undefined ? 'added' : differs(stat, source, below, hidden ?? '') ? 'modified' : 'same';
    if (stat.isDirectory()) {
      yield* this.#subdirectory(place, { kind, path, source, stat, isOpaque: this.#isOpaque(source) }, below);
      return;
    }
    if (kind === 'same' && !(this.#isOverlay && this.#withSame)) return;
    const isMark = path === MARK && below?.size === 0n;
    const isEmpty = (stat.size === 0n && stat.isFile()) || (path === MTAB && stat.isSymbolicLink());
    if ((kind === 'added' || isMark) && MOUNT_PLACES.has(path) && isEmpty) return;
    yield* this.#said({ kind, path, source, stat, isOpaque: false });
  }

  *#subdirectory(
    place: Place,
    change: PresentChange,
    below: BigIntStats | undefined,
  ): Generator<TreeChange, void, undefined> {
    const name = change.path.slice(place.path.length) as BytePath;
    const isMountPlace = change.kind === 'added' && MOUNT_PLACES.has(change.path);
    const hides = change.isOpaque && below?.isDirectory() === true;
    const own: PresentChange = {
      ...change,
      // What holds changes has changed, in Docker's words.
      kind: change.kind === 'same' ? 'modified' : change.kind,
      isOpaque: hides,
    };
    const before = this.#pending;
    if (hides || (change.kind !== 'same' && !isMountPlace)) yield* this.#said(own);
    else this.#pending = [...before, own];
    using upper = new Directory(change.source);
    const inside = { upper, path: `${change.path}/` as BytePath, isOpaque: hides };
    if (below?.isDirectory() === true && place.lower !== undefined) {
      using lower = new Directory(place.lower.entry(name));
      yield* this.directory({ ...inside, lower });
    } else yield* this.directory({ ...inside, lower: undefined });
    // Said meanwhile, or not at all.
    if (this.#pending.length > before.length) this.#pending = before;
  }

  *#said(change: TreeChange): Generator<TreeChange, void, undefined> {
    const parents = this.#pending;
    this.#pending = [];
    yield* parents;
    yield change;
  }

  #isOpaque(source: string | Buffer): boolean {
    return this.#isOverlay && getXattr(source, 'trusted.overlay.opaque')?.toString('latin1') === 'y';
  }
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}
