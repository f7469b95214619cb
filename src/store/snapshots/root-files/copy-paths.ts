import { constants, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { EngineError, errnoOf, invalid } from '../../../base/errors.ts';
import {
  type BytePath,
  type CopyRules,
  copyAttributes,
  Directory,
  openInRoot,
  showPath,
  sysPath,
  TreeCopy,
} from '../../../linux/index.ts';
import type { CopyRequest } from './copy-request.ts';
import { copiedAttributes, makeSpace } from './copy-rules.ts';
import { existingDirectory, makeDirectories, realPlace, setTimesOf } from './copy-target.ts';
import { octalMode } from './file-mode.ts';
import { type PathFilter, pathFilter } from './path-filter.ts';
import { plainPath, type SelectedPath, selectPaths } from './select-paths.ts';

/**
 * Copies paths of a root into another one. Synchronous. Works by descriptors that the kernel has resolved within the
 * roots, and follows no symlink below them.
 * @throws EngineError notFound, invalid, cancelled; system errors. Copied files stay
 */
export function copyPaths(request: CopyRequest, shouldStop: () => boolean): void {
  using root = new Directory(`${request.target}/.`);
  const copy = new PathCopy(root, request, shouldStop);
  let count = 0;
  for (const selected of selectPaths(request.source, request.from)) {
    copy.add(selected);
    count += 1;
  }
  if (count === 0 && request.mayBeEmpty !== true)
    throw new EngineError('notFound', `"/${showPath(plainPath(request.from.path))}": not found`);
  copy.finish();
}

/** A name in a directory of the target. The folder's path is from its root, without symlinks and a leading slash. */
interface Place {
  readonly folder: BytePath;
  /** '' for the folder itself. */
  readonly name: BytePath;
}

const NO_NAME = '' as BytePath;

class PathCopy {
  readonly #request: CopyRequest;
  readonly #filter: PathFilter | undefined;
  readonly #attributes: ReturnType<typeof copiedAttributes>;
  readonly #copy: TreeCopy;
  /** Directories above the place that were made. */
  readonly #made: string[] = [];
  /** Directories that were made like those above the selected paths. */
  readonly #likened: { readonly from: BytePath; readonly to: BytePath }[] = [];
  /** Length of the path of the tree that is being copied, with its slash. */
  #prefixLength = 0;
  #destination: Place | undefined;

  constructor(root: Directory, request: CopyRequest, cancelled: () => boolean) {
    this.#request = request;
    this.#filter = pathFilter(request.from);
    this.#attributes = copiedAttributes(request);
    const filter = this.#filter;
    const select = (path: BytePath): ReturnType<PathFilter['verdict']> =>
      filter?.verdict(path.slice(this.#prefixLength) as BytePath) ?? 'yes';
    const rules: CopyRules = {
      ...(filter === undefined ? {} : { select }),
      makeSpace: (entry, kind) => makeSpace(entry, kind, request.replacesKinds === true),
      attributes: this.#attributes,
    };
    this.#copy = new TreeCopy(root, { cancelled }, rules);
  }

  add(selected: SelectedPath): void {
    const isDirectory = selected.stat.isDirectory();
    this.#destination ??= this.#findDestination();
    const { folder, name } = this.#placeOf(selected, this.#destination);
    if (!isDirectory && this.#filter !== undefined && this.#filter.verdict(selected.name) !== 'yes') return;
    const path = join(folder, name);
    this.#prefixLength = path === '' ? 0 : path.length + 1;
    using target = this.#open(folder);
    const as = (name || '.') as BytePath;
    if (isDirectory && name !== '' && this.#isSymbolic) this.#makeDirectory(path);
    if (isDirectory && lstat(target, as)?.isDirectory() === true) this.#merge(selected, target, { as, path });
    else this.#copy.entry({ source: selected.directory, name: selected.entry, target, as, path });
  }

  /** Gives the directories that were made their attributes, once their content is there. */
  finish(): void {
    const { source, target, timeSeconds } = this.#request;
    for (const { from, to } of this.#likened.toReversed()) {
      using original = openDirectory(source, from);
      using made = openDirectory(target, to);
      const [like, path] = [`${original.path}/.`, `${made.path}/.`];
      const stat = lstatSync(like, { bigint: true });
      copyAttributes(this.#attributes(stat), { from: like, to: path, isLink: false });
    }
    if (timeSeconds !== undefined) setTimesOf(target, this.#made, timeSeconds);
  }

  /** As BuildKit: a change of modes concerns what is copied, not the directory that is the place of a content. */
  get #isSymbolic(): boolean {
    const { mode, copiesContent } = this.#request;
    return copiesContent === true && mode !== undefined && octalMode(mode) === undefined;
  }

  #makeDirectory(path: BytePath): void {
    const { target, owner } = this.#request;
    makeDirectories(target, `/${showPath(path)}`, { owner, made: (made) => void this.#made.push(made) });
  }

  /** A directory that is there keeps its attributes. */
  #merge(
    { directory, entry }: SelectedPath,
    target: Directory,
    { as, path }: { readonly as: BytePath; readonly path: BytePath },
  ): void {
    using from = new Directory(directory.entry(entry));
    using to = new Directory(target.entry(as));
    this.#copy.content(from, to, (path === '' ? path : `${path}/`) as BytePath);
  }

  #findDestination(): Place {
    const { target, to, makesParents, owner, mode = '', keepsParents } = this.#request;
    const place = realPlace(target, to);
    const isFolder = keepsParents === true || /(?:^|\/)\.?$/.test(to);
    const wanted = isFolder ? place : posix.dirname(place);
    const folder =
      makesParents === true
        ? makeDirectories(target, wanted, { owner, mode: octalMode(mode), made: (path) => void this.#made.push(path) })
        : existingDirectory(target, wanted);
    return { folder, name: isFolder ? NO_NAME : plainPath(posix.basename(place)) };
  }

  #placeOf(selected: SelectedPath, destination: Place): Place {
    const { copiesContent, keepsParents } = this.#request;
    if (keepsParents === true) return this.#placeBelowParents(selected, destination.folder);
    const isDirectory = selected.stat.isDirectory();
    using folder = this.#open(destination.folder);
    const isInto = lstat(folder, (destination.name || '.') as BytePath)?.isDirectory() === true;
    if (!isInto || (isDirectory && copiesContent === true)) return destination;
    return { folder: join(destination.folder, destination.name), name: selected.name };
  }

  /** Makes the directories above the copy like those above the selected path. */
  #placeBelowParents({ path, name }: SelectedPath, destination: BytePath): Place {
    const above = pivotOf(this.#request.from.path);
    let [from, folder] = [above, destination];
    const between = path.slice(above === '' ? 0 : above.length + 1, Math.max(path.length - name.length - 1, 0));
    for (const part of between.split('/').filter((each) => each !== '') as BytePath[]) {
      from = join(from, part);
      const to = join(folder, part);
      using parent = this.#open(folder);
      const existing = lstat(parent, part);
      if (existing === undefined) {
        mkdirSync(parent.entry(part), 0o700);
        this.#likened.push({ from, to });
      } else if (!existing.isDirectory()) throw invalid(`cannot copy to non-directory: /${showPath(to)}`);
      folder = to;
    }
    return { folder, name };
  }

  #open(folder: BytePath): Directory {
    return openDirectory(this.#request.target, folder);
  }
}

/** The part of a path before `/./`, clean. '' without one. */
function pivotOf(path: string): BytePath {
  const at = `/${path}`.indexOf('/./');
  return at < 0 ? NO_NAME : plainPath(path.slice(0, at));
}

/** @throws EngineError invalid */
function openDirectory(root: string, path: BytePath): Directory {
  try {
    return new Directory(openInRoot(root, sysPath(`/${path}` as BytePath), constants.O_RDONLY | constants.O_DIRECTORY));
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
    throw invalid(`cannot copy to non-directory: /${showPath(path)}`, error);
  }
}

function lstat(directory: Directory, name: BytePath): Stats | undefined {
  return lstatSync(directory.entry(name), { throwIfNoEntry: false });
}

function join(folder: BytePath, name: BytePath): BytePath {
  return [folder, name].filter((part) => part !== '').join('/') as BytePath;
}
