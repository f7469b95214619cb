import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { namesIn } from '../../io/index.ts';

/** One open file of a log. It stays readable when rotation renames or deletes it. */
export interface LogFileHandle {
  readonly handle: FileHandle;
  readonly compressed: boolean;
  readonly inode: number;
  /** Milliseconds since the epoch. The file holds no newer entry. */
  readonly modifiedMs: number;
}

/** Rotation may run while the files are opened: the number of attempts to list them. */
const TRIES = 5;

/**
 * Opens a log's files, oldest first: `x.2.gz`, `x.1`, `x`. Returns a consistent set even while the supervisor rotates,
 * and no file when there is no log yet.
 */
export async function openLogFiles(path: string): Promise<LogFileHandle[]> {
  for (let attempt = 1; ; attempt += 1) {
    const files = await openAll(path, attempt === TRIES);
    if (files !== undefined) return files;
  }
}

export async function openLogFile(path: string): Promise<LogFileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { ino, mtimeMs } = await handle.stat();
    return { handle, compressed: path.endsWith('.gz'), inode: ino, modifiedMs: mtimeMs };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function closeLogFiles(files: readonly LogFileHandle[]): Promise<void> {
  await Promise.all(files.map(({ handle }) => handle.close()));
}

/** Returns undefined when a rotation happened in between. */
async function openAll(path: string, lastTry: boolean): Promise<LogFileHandle[] | undefined> {
  const paths = await rotatedPaths(path);
  const files: LogFileHandle[] = [];
  try {
    for (const one of [...paths, path]) {
      const file = await openLogFile(one);
      if (file !== undefined) files.push(file);
    }
    if (lastTry || (await areUnmoved([...paths, path], files, path))) return files;
  } catch (error) {
    await closeLogFiles(files);
    throw error;
  }
  await closeLogFiles(files);
  return undefined;
}

/** Whether the files are still at their paths. The names alone may be the same after a rotation. */
async function areUnmoved(paths: readonly string[], files: readonly LogFileHandle[], path: string): Promise<boolean> {
  const inodes = (await Promise.all(paths.map(inodeAt))).filter((inode) => inode !== undefined);
  if (inodes.join() !== files.map(({ inode }) => inode).join()) return false;
  return [...(await rotatedPaths(path)), path].join() === paths.join();
}

/** Returns the inode of the file at the path. Undefined when there is none. */
export async function inodeAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Lists `x.3.gz`, `x.2`, …. When a number exists both plain and compressed, the compressed file is not finished and is
 * ignored.
 */
async function rotatedPaths(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const numbers = new Map<number, string>();
  for (const name of await namesIn(folder)) {
    const match = name.startsWith(prefix) ? /^(\d{1,6})(\.gz)?$/.exec(name.slice(prefix.length)) : null;
    if (match === null) continue;
    const number = Number(match[1]);
    if (match[2] === undefined || !numbers.has(number)) numbers.set(number, name);
  }
  return [...numbers].sort(([a], [b]) => b - a).map(([, name]) => join(folder, name));
}
