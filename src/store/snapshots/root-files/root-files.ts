import type { Digest } from '../../../base/ids.ts';
import type { CopyRequest } from './copy-request.ts';
import type { PathSelection } from './path-selection.ts';
import type { ApplyChanges, ListedPath, MakeDirectory, MakeFile, MakeSymlink, RemovePaths } from './root-job.ts';

/**
 * Work of a build on files of roots: of mounted writables, and of views of layers. It runs in threads. The kernel resolves
 * every path within its root: neither `..` nor symlinks lead out. Nothing else may change a root meanwhile.
 *
 * Words: a *root* is the folder of a tree, as a path on the host. A *selection* names paths in it, perhaps by patterns.
 *
 * Each method throws EngineError notFound for a path without wildcards that does not exist, invalid, noSpace and
 * cancelled. What was written before an error stays.
 */
export interface RootFiles {
  /**
   * Returns the content sum of each selection: sha256 over modes, owners, kinds, links, extended attributes and bytes,
   * but not times. For a selection without wildcards and patterns it is that of the file or tree, whatever its name.
   * Otherwise the names count too, and a selection of nothing has a sum as well.
   */
  sums(root: string, selections: readonly PathSelection[], signal: AbortSignal): Promise<readonly Digest[]>;
  /** Lists what a selection names, in the order of the names. A pattern may match nothing. */
  list(root: string, selection: PathSelection, signal: AbortSignal): Promise<readonly ListedPath[]>;
  /**
   * Copies what COPY copies: with attributes, hard links among the copied files, and holes. Directories are merged; a
   * directory that exists keeps its attributes where it is the place of the copy. A file replaces a file; a file in place
   * of a directory, or a directory in place of a file, is `invalid` with BuildKit's text.
   */
  copy(request: CopyRequest, signal: AbortSignal): Promise<void>;
  /**
   * Does what ADD does with files: archives (tar, also with gzip, bzip2, xz, zstd) are unpacked into the place, which
   * then is a directory; everything else is copied. Owner and time of unpacked files are those of the archive, unless
   * the request has an owner. Mode and patterns do not apply to them.
   */
  unpack(request: CopyRequest, signal: AbortSignal): Promise<void>;
  /** Makes a directory. One that exists stays as it is. */
  makeDirectory(request: MakeDirectory, signal: AbortSignal): Promise<void>;
  /** Writes a file, through symlinks within the root. Its directory must exist. */
  makeFile(request: MakeFile, signal: AbortSignal): Promise<void>;
  /** Makes a symlink. Its directory must exist. @throws EngineError invalid where something is at the path */
  makeSymlink(request: MakeSymlink, signal: AbortSignal): Promise<void>;
  /**
   * Does to a root what was done to make one tree of another: adds, changes and deletes, by Docker's rule of what has changed (attributes,
   * size, time). Directories that hold changes get the attributes of the changed tree.
   */
  applyChanges(request: ApplyChanges, signal: AbortSignal): Promise<void>;
  /** Removes paths with everything below. A symlink at the end is removed itself. */
  remove(request: RemovePaths, signal: AbortSignal): Promise<void>;
}
