import { type BigIntStats, constants, lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { EngineError, errnoOf, invalid } from '../../../base/errors.ts';
import { followLinks } from '../../../base/follow-links.ts';
import {
  type BytePath,
  Directory,
  openInRoot,
  readLinkInRoot,
  showPath,
  sysPath,
  toBytePath,
} from '../../../linux/index.ts';
import { pathMatch } from '../../../spec/index.ts';
import type { PathSelection } from './path-selection.ts';

/** A selected path, with its directory open until disposed. */
export interface SelectedPath extends Disposable {
  /** From the root, without a leading slash: as it is named, not where symlinks lead. '' for the root. */
  readonly path: BytePath;
  /** The last part of the path. '' for the root. */
  readonly name: BytePath;
  readonly directory: Directory;
  /** Its name in the directory: another one behind a symlink, and '.' for a root. */
  readonly entry: BytePath;
  readonly stat: BigIntStats;
}

/** The kernel's limit of symlinks in a path. */
const MOST_LINKS = 40;
const WILDCARD = /[*?[\\]/;

/**
 * Yields the selected paths in the order of their names. Each is disposed when the next is asked for. A pattern that
 * matches nothing yields none. @throws EngineError notFound for a path without wildcards; invalid
 */
export function* selectPaths(root: string, selection: PathSelection): Generator<SelectedPath, void, undefined> {
  const isPattern = selection.hasWildcards === true && WILDCARD.test(selection.path);
  for (const path of isPattern ? matchingPaths(root, selection.path) : [plainPath(selection.path)]) {
    let selected: SelectedPath;
    try {
      selected = openPath(root, path, selection.followsLink === true);
    } catch (error) {
      // A pattern also matches a file where it needs a directory, and links that lead nowhere.
      if (isPattern && error instanceof EngineError && error.kind === 'notFound') continue;
      throw error;
    }
    using _ = selected;
    yield selected;
  }
}

/** @throws EngineError notFound, invalid */
function openPath(root: string, path: BytePath, followsLink: boolean): SelectedPath {
  const real = followsLink ? realPath(root, path) : path;
  const slash = real.lastIndexOf('/');
  using undo = new DisposableStack();
  try {
    const folder = sysPath(`/${real.slice(0, Math.max(slash, 0))}` as BytePath);
    const directory = undo.use(new Directory(openInRoot(root, folder, constants.O_RDONLY | constants.O_DIRECTORY)));
    const entry = (real.slice(slash + 1) || '.') as BytePath;
    const stat = lstatSync(directory.entry(entry), { bigint: true });
    const kept = undo.move();
    const name = path.slice(path.lastIndexOf('/') + 1) as BytePath;
    return { path, name, directory, entry, stat, [Symbol.dispose]: () => kept.dispose() };
  } catch (error) {
    throw describePathError(error, path);
  }
}

function realPath(root: string, path: BytePath): BytePath {
  const real = followLinks(`/${showPath(path)}`, (place) => readLinkInRoot(root, place), MOST_LINKS);
  if (real === undefined) throw tooManyLinks(path);
  return toBytePath(real.slice(1));
}

/** Errors of a path in a root. */
export function describePathError(error: unknown, path: BytePath): unknown {
  const shown = `/${showPath(path)}`;
  switch (errnoOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new EngineError('notFound', `"${shown}": not found`, { cause: error });
    case 'ELOOP':
      return tooManyLinks(path);
    case 'ENAMETOOLONG':
      return invalid(`${shown.slice(0, 200)}: file name too long`, error);
    default:
      return error;
  }
}

/** Clean, and without a leading slash. */
export function plainPath(path: string): BytePath {
  return toBytePath(posix.resolve('/', path).slice(1));
}

/** Matches each element of the path with the names in the directories that the elements before have matched. */
function matchingPaths(root: string, pattern: string): readonly BytePath[] {
  let found: readonly BytePath[] = ['' as BytePath];
  const elements = posix.resolve('/', pattern).slice(1).split('/');
  for (const [index, element] of elements.entries()) {
    if (WILDCARD.test(element)) found = found.flatMap((folder) => matchesIn(root, folder, element));
    else found = found.map((folder) => join(folder, toBytePath(element)));
    if (index === elements.length - 1) break;
  }
  return found;
}

function matchesIn(root: string, folder: BytePath, pattern: string): readonly BytePath[] {
  // A broken pattern is an error even where there is no name.
  pathMatch(pattern, '');
  let names: readonly BytePath[];
  try {
    using directory = new Directory(
      openInRoot(root, sysPath(`/${folder}` as BytePath), constants.O_RDONLY | constants.O_DIRECTORY),
    );
    names = directory.names().sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
  return names.filter((name) => pathMatch(pattern, showPath(name))).map((name) => join(folder, name));
}

function join(folder: BytePath, name: BytePath): BytePath {
  return (folder === '' ? name : `${folder}/${name}`) as BytePath;
}

function tooManyLinks(path: BytePath): Error {
  return invalid(`/${showPath(path)}: too many levels of symbolic links`);
}
