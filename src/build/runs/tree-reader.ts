import { type BigIntStats, closeSync, constants, fstatSync } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { followLinks } from '../../base/follow-links.ts';
import { descriptorPath, O_PATH, openInRoot, readLinkInRoot } from '../../linux/index.ts';
import type { OpenSnapshots } from '../../store/index.ts';
import { layerKeys, type Tree } from '../tree.ts';

const MAX_LINKS = 255;
/** Of a file that a client or a frontend reads as a whole. It is one message. */
const MAX_FILE_BYTES = 16 << 20;
/** Of a directory that is read as a whole. */
const MAX_ENTRIES = 100_000;

/** A tree as a folder of the host, for readers. */
export interface OpenedTree extends AsyncDisposable {
  readonly path: string;
}

export async function openTree(snapshots: Pick<OpenSnapshots, 'sealed'>, tree: Tree): Promise<OpenedTree> {
  if (tree.kind === 'folder') return { path: tree.path, [Symbol.asyncDispose]: async () => {} };
  return await snapshots.sealed.view(layerKeys(tree));
}

export interface FileRange {
  readonly offset: number;
  /** 0 for everything. */
  readonly length: number;
}

/**
 * Reads a file of a tree. Symlinks are followed within the tree, also while a process of its container changes them.
 * @throws EngineError notFound, invalid, tooLarge
 */
export async function readTreeFile(root: string, path: string, range: FileRange): Promise<Buffer> {
  return await opened(root, { path, found: followed(root, path) }, async (place) => {
    if (!fstatSync(place).isFile()) throw new EngineError('invalid', `read ${path}: not a regular file`);
    await using file = await open(descriptorPath(place), constants.O_RDONLY);
    const { size } = await file.stat();
    const rest = Math.max(0, size - range.offset);
    const length = range.length === 0 ? rest : Math.min(rest, range.length);
    if (length > MAX_FILE_BYTES) throw new EngineError('tooLarge', `read ${path}: file is larger than 16 MiB`);
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, range.offset);
    return bytes.subarray(0, bytesRead);
  });
}

export interface TreeEntry {
  /** Name in its directory. */
  readonly name: string;
  readonly stats: BigIntStats;
  /** Target of a symlink, else ''. */
  readonly target: string;
}

/** The entry at a path, which is not followed when it is a symlink. @throws EngineError notFound, invalid */
export async function statTreeFile(root: string, path: string): Promise<TreeEntry> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop() ?? '';
  const isNamed = name !== '' && name !== '..';
  const found = isNamed ? posix.join(followed(root, parts.join('/')), name) : followed(root, path);
  return await opened(root, { path, found }, async (place) => {
    const stats = fstatSync(place, { bigint: true });
    return { name, stats, target: stats.isSymbolicLink() ? (readLinkInRoot(root, found) ?? '') : '' };
  });
}

/** The entries of a directory, by name. @throws EngineError notFound, invalid, tooLarge */
export async function readTreeDirectory(root: string, path: string): Promise<readonly TreeEntry[]> {
  return await opened(root, { path, found: followed(root, path) }, async (place) => {
    const folder = descriptorPath(place);
    const names = await readdir(folder);
    if (names.length > MAX_ENTRIES) throw new EngineError('tooLarge', `open ${path}: more than ${MAX_ENTRIES} files`);
    const entries = await Promise.all(names.toSorted().map((name) => entryAt(join(folder, name), name)));
    return entries.flatMap((entry) => entry ?? []);
  });
}

/** Undefined when it has gone meanwhile. */
async function entryAt(place: string, name: string): Promise<TreeEntry | undefined> {
  try {
    const stats = await lstat(place, { bigint: true });
    return { name, stats, target: stats.isSymbolicLink() ? await readlink(place) : '' };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The path in a root without symlinks, by the root's own links. What is missing counts as a directory. @throws EngineError invalid */
function followed(root: string, path: string): string {
  const found = followLinks(path, (link) => readLinkInRoot(root, link), MAX_LINKS);
  if (found === undefined) throw new EngineError('invalid', `open ${path}: too many levels of symbolic links`);
  return found;
}

/** Runs work with a descriptor (O_PATH) of what is at a place in a root, which may be a symlink by now. */
async function opened<T>(
  root: string,
  { path, found }: { readonly path: string; readonly found: string },
  work: (place: number) => Promise<T>,
): Promise<T> {
  let place: number | undefined;
  try {
    place = openInRoot(root, found, O_PATH | constants.O_NOFOLLOW);
    return await work(place);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new EngineError('notFound', `open ${path}: no such file or directory`, { cause: error });
    }
    throw error;
  } finally {
    if (place !== undefined) closeSync(place);
  }
}
