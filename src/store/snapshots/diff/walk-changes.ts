import { type BigIntStats, lstatSync } from 'node:fs';
import { type BytePath, Directory, getXattr } from '../../../linux/index.ts';
import { differs } from './differs.ts';
import { CONTAINER_MARK, MOUNT_POINTS, MTAB } from './mount-point-names.ts';

/** A file of the upper tree that differs from the one below, or a directory that holds such files. */
export interface PresentChange {
  /** `same`: written, but with unchanged attributes. Only in an overlay's upper folder. */
  readonly kind: 'added' | 'modified' | 'same';
  /** Path from the root, without a leading slash. */
  readonly path: BytePath;
  /** Path for system calls that follow no symlink. Valid until the walk continues. */
  readonly source: string | Buffer;
  readonly stat: BigIntStats;
  /** Whether the directory hides the whole directory of the same name below. */
  readonly isOpaque: boolean;
}

export interface Deletion {
  readonly kind: 'deleted';
  readonly path: BytePath;
  /** Whether the directory above is opaque and implies this deletion. */
  readonly isImplied: boolean;
}

export type TreeChange = PresentChange | Deletion;

export interface WalkChanges {
  readonly upper: string;
  /** The layers below, merged. Undefined when there are none. */
  readonly lower: string | undefined;
  /** `overlay`: the upper tree holds only changes, with overlayfs's records of deletions. `whole`: a complete tree. */
  readonly upperKind: 'overlay' | 'whole';
  /** Whether changes of kind `same` are included. */
  readonly withSame: boolean;
  /** Whether mount points are changes even while they are empty. Default: a runtime has made them. */
  readonly withMountPoints?: boolean;
}

/**
 * Yields the changes of the upper tree, ordered by name, a directory before its content. An unchanged directory is
 * included when something in it changed. Synchronous. Holds one descriptor per level, and follows no symlink.
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
  /** With a trailing slash, unless it is the root. */
  readonly path: BytePath;
  readonly isOpaque: boolean;
}

const NONE: ReadonlySet<string> = new Set();

class Walk {
  readonly #isOverlay: boolean;
  readonly #withSame: boolean;
  readonly #mountPoints: ReadonlySet<string>;
  /** Directories above the current path that are yielded only if something in them changed. */
  #pending: PresentChange[] = [];

  constructor({ upperKind, withSame, withMountPoints = false }: WalkChanges) {
    this.#mountPoints = withMountPoints ? NONE : MOUNT_POINTS;
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
    const isMark = path === CONTAINER_MARK && below?.size === 0n;
    const isEmpty = (stat.size === 0n && stat.isFile()) || (path === MTAB && stat.isSymbolicLink());
    if ((kind === 'added' || isMark) && this.#mountPoints.has(path) && isEmpty) return;
    yield* this.#said({ kind, path, source, stat, isOpaque: false });
  }

  *#subdirectory(
    place: Place,
    change: PresentChange,
    below: BigIntStats | undefined,
  ): Generator<TreeChange, void, undefined> {
    const name = change.path.slice(place.path.length) as BytePath;
    const isMountPoint = change.kind === 'added' && this.#mountPoints.has(change.path);
    const hides = change.isOpaque && below?.isDirectory() === true;
    const own: PresentChange = {
      ...change,
      // In Docker's words, a directory that holds changes has changed.
      kind: change.kind === 'same' ? 'modified' : change.kind,
      isOpaque: hides,
    };
    const before = this.#pending;
    if (hides || (change.kind !== 'same' && !isMountPoint)) yield* this.#said(own);
    else this.#pending = [...before, own];
    using upper = new Directory(change.source);
    const inside = { upper, path: `${change.path}/` as BytePath, isOpaque: hides };
    if (below?.isDirectory() === true && place.lower !== undefined) {
      using lower = new Directory(place.lower.entry(name));
      yield* this.directory({ ...inside, lower });
    } else yield* this.directory({ ...inside, lower: undefined });
    // The directory was yielded meanwhile, or is not needed.
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
