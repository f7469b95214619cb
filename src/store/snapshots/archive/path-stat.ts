import { type BigIntStats, closeSync, constants, fstatSync } from 'node:fs';
import { posix } from 'node:path';
import { EngineError, errnoOf, invalid } from '../../../base/errors.ts';
import { followLinks } from '../../../base/follow-links.ts';
import { enterMounts, O_PATH, openInRoot, readLinkInRoot } from '../../../linux/index.ts';
import type { FileView } from './view.ts';

/** The content of the header `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  /** The last part of the path. */
  readonly name: string;
  readonly size: number;
  /** In the bits of Go's `os.FileMode`. */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNanos: bigint;
  /** The final target of a symlink, as far as it exists. '' for anything else. */
  readonly linkTarget: string;
}

/**
 * Returns the status of a path. A `..` behind a symlink leads to the parent of the symlink's target, as in dockerd.
 * Reading and writing archives resolves it lexically. @throws EngineError notFound, invalid
 */
export function statPath(view: FileView, path: string): PathStat {
  using _mounts = enterMounts(view.root, view.mounts);
  const { stat, descriptor } = openAt(view, `/${path}`, path);
  closeSync(descriptor);
  return describe(view, { path: `/${path}`, name: posix.basename(path) || '/' }, stat);
}

/**
 * Opens (O_PATH) a client's path, resolved in the container's root. A symlink at its end is followed only with a
 * trailing slash or dot. @throws EngineError notFound, invalid
 */
export function openPath(view: FileView, path: string): { readonly descriptor: number; readonly stat: BigIntStats } {
  return openAt(view, cleanPath(path), path);
}

function openAt(
  view: FileView,
  place: string,
  shown: string,
): { readonly descriptor: number; readonly stat: BigIntStats } {
  let descriptor: number;
  try {
    descriptor = openInRoot(view.root, place, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    throw pathError(error, shown);
  }
  return { descriptor, stat: fstatSync(descriptor, { bigint: true }) };
}

/** `path` is absolute, and resolved component by component. */
function describe(
  view: FileView,
  { path, name }: { readonly path: string; readonly name: string },
  stat: BigIntStats,
): PathStat {
  return {
    name,
    size: Number(stat.size),
    mode: goMode(stat),
    mtimeNanos: stat.mtimeNs,
    linkTarget: stat.isSymbolicLink() ? finalTarget(view.root, path) : '',
  };
}

/** Returns the status that the header of an archive of the path has. */
export function describeArchived(view: FileView, path: string, stat: BigIntStats): PathStat {
  return describe(view, { path: posix.resolve('/', path), name: nameOf(path) }, stat);
}

/** Cleans a path as Go's clients do: a trailing slash or dot is kept. */
export function cleanPath(path: string): string {
  const clean = posix.resolve('/', path);
  const slashed = clean.endsWith('/') ? clean : `${clean}/`;
  if (endsInDot(path)) return `${slashed}.`;
  return path.endsWith('/') ? slashed : clean;
}

function nameOf(path: string): string {
  return endsInDot(path) ? '.' : posix.basename(posix.resolve('/', path)) || '/';
}

/** Whether the path means the directory itself and not its name. */
function endsInDot(path: string): boolean {
  return posix.basename(path) === '.';
}

export function pathError(error: unknown, path: string): unknown {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return new EngineError('notFound', `lstat ${path}: no such file or directory`, { cause: error });
    case 'ENOTDIR':
      return new EngineError('invalid', `lstat ${path}: not a directory`, { cause: error });
    case 'ELOOP':
      return new EngineError('invalid', `lstat ${path}: too many levels of symbolic links`, { cause: error });
    case 'ENAMETOOLONG':
      return invalid(`lstat ${path.slice(0, 200)}: file name too long`, error);
    default:
      return error;
  }
}

/** Resolves symlinks lexically when the target does not exist, as Docker does. */
function finalTarget(root: string, path: string): string {
  const target = followLinks(path, (place) => readLinkInRoot(root, place), 255);
  if (target === undefined) throw invalid(`lstat ${path}: too many levels of symbolic links`);
  return target;
}

const GO_TYPE: readonly [predicate: (stat: BigIntStats) => boolean, bits: number][] = [
  [(stat) => stat.isDirectory(), 2 ** 31],
  [(stat) => stat.isSymbolicLink(), 2 ** 27],
  [(stat) => stat.isBlockDevice(), 2 ** 26],
  [(stat) => stat.isCharacterDevice(), 2 ** 26 + 2 ** 21],
  [(stat) => stat.isFIFO(), 2 ** 25],
  [(stat) => stat.isSocket(), 2 ** 24],
];

function goMode(stat: BigIntStats): number {
  const mode = Number(stat.mode);
  const type = GO_TYPE.find(([predicate]) => predicate(stat))?.[1] ?? 0;
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return type + special + (mode & 0o777);
}
