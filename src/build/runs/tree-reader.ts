import { type BigIntStats, constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../base/errors.ts';
import type { OpenSnapshots } from '../../store/index.ts';
import { layerKeys, type Tree } from '../tree.ts';

const MAX_LINKS = 255;
/** Of a file that a client or a frontend reads as a whole. It is one message. */
const MAX_FILE_BYTES = 16 << 20;

/** A tree as a folder of the host, for readers. Nobody changes it meanwhile. */
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

/** Reads a file of a tree. Symlinks are followed within the tree. @throws EngineError notFound, invalid, tooLarge */
export async function readTreeFile(root: string, path: string, range: FileRange): Promise<Buffer> {
  const place = join(root, await resolveIn(root, path));
  return await named(path, async () => {
    await using file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await file.stat();
    if (!found.isFile()) throw new EngineError('invalid', `read ${path}: not a regular file`);
    const rest = Math.max(0, found.size - range.offset);
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

/** The entry at a path, which is not followed when it is a symlink. @throws EngineError notFound */
export async function statTreeFile(root: string, path: string): Promise<TreeEntry> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop() ?? '';
  if (name === '' || name === '..') return await entryAt(join(root, await resolveIn(root, path)), name);
  const folder = await resolveIn(root, parts.join('/'));
  return await named(path, () => entryAt(join(root, folder, name), name));
}

/** The entries of a directory, by name. @throws EngineError notFound, invalid */
export async function readTreeDirectory(root: string, path: string): Promise<readonly TreeEntry[]> {
  const folder = join(root, await resolveIn(root, path));
  return await named(path, async () => {
    const names = await readdir(folder);
    return await Promise.all(names.toSorted().map((name) => entryAt(join(folder, name), name)));
  });
}

async function entryAt(place: string, name: string): Promise<TreeEntry> {
  const stats = await lstat(place, { bigint: true });
  return { name, stats, target: stats.isSymbolicLink() ? await readlink(place) : '' };
}

/** The path in a root without symlinks, by the root's own links. What is missing counts as a directory. */
async function resolveIn(root: string, path: string): Promise<string> {
  let resolved: readonly string[] = [];
  const pending = path.split('/').reverse();
  for (let links = 0; pending.length > 0; ) {
    const name = pending.pop();
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') {
      resolved = resolved.slice(0, -1);
      continue;
    }
    const place = [...resolved, name];
    const target = await linkTarget(join(root, ...place));
    if (target === undefined) {
      resolved = place;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new EngineError('invalid', `open ${path}: too many levels of symbolic links`);
    if (target.startsWith('/')) resolved = [];
    pending.push(...target.split('/').reverse());
  }
  return resolved.join('/');
}

async function linkTarget(place: string): Promise<string | undefined> {
  try {
    const found: Stats = await lstat(place);
    return found.isSymbolicLink() ? await readlink(place) : undefined;
  } catch {
    return undefined;
  }
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new EngineError('notFound', `open ${path}: no such file or directory`, { cause: error });
    }
    if (errno === 'EISDIR') throw new EngineError('invalid', `read ${path}: is a directory`, { cause: error });
    throw error;
  }
}
