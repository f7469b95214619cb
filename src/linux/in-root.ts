import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { errnoOf, invalid } from '../base/errors.ts';
import { descriptorPath, O_PATH, openInRoot } from './openat2.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/**
 * Reads a small regular file of a root file system. Symlinks are resolved as its own processes would resolve them.
 * Undefined when the file does not exist. Never opens a device or waits for a FIFO.
 * @throws EngineError invalid when the path is no regular file, or the file is larger than `maxBytes`
 */
export function readInRoot(root: string, path: string, maxBytes: number): Buffer | undefined {
  let place: number;
  try {
    place = openInRoot(root, path, O_PATH);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    if (!fstatSync(place).isFile()) throw invalid(`${path} is not a regular file`);
    const file = openSync(descriptorPath(place), O_RDONLY);
    try {
      return readUpTo(file, path, maxBytes);
    } finally {
      closeSync(file);
    }
  } finally {
    closeSync(place);
  }
}

/**
 * Returns the attributes of a path of a root file system. Symlinks are resolved as its own processes would resolve
 * them. Undefined when it does not exist.
 */
export function statInRoot(root: string, path: string): Stats | undefined {
  let place: number;
  try {
    place = openInRoot(root, path, O_PATH);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    return fstatSync(place);
  } finally {
    closeSync(place);
  }
}

function readUpTo(file: number, path: string, maxBytes: number): Buffer {
  const { size } = fstatSync(file);
  if (size > maxBytes) throw invalid(`${path} is too large: ${size} bytes, at most ${maxBytes} are accepted`);
  const buffer = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const count = readSync(file, buffer, length, size - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

/** Owner and mode of the directories that {@link makeDirectoryInRoot} makes. */
export interface DirectoryOwner {
  readonly uid: number;
  readonly gid: number;
  /** Default 0o755. */
  readonly mode?: number;
}

/**
 * Makes `path` and the directories above it inside a root file system. It follows symlinks as the root's own processes
 * would, also those whose target does not exist. Existing directories keep their owner and mode. Returns the real path
 * inside the root.
 * @throws EngineError invalid when a component is no directory
 */
export function makeDirectoryInRoot(root: string, path: string, owner: DirectoryOwner): string {
  const pending = path.split('/').reverse();
  let place: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop();
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') {
      place = place.slice(0, -1);
      continue;
    }
    const target = makeOne(root, place, name, owner);
    if (target === undefined) {
      place = [...place, name];
      continue;
    }
    links += 1;
    if (links > 40) throw invalid(`${path}: too many levels of symbolic links`);
    if (target.startsWith('/')) place = [];
    pending.push(...target.split('/').reverse());
  }
  return `/${place.join('/')}`;
}

/** Makes sure that `name` is a directory in `parent`. Returns the target when it is a symlink instead. */
function makeOne(root: string, parent: readonly string[], name: string, owner: DirectoryOwner): string | undefined {
  const directory = openInRoot(root, `/${parent.join('/')}`, O_PATH | O_DIRECTORY);
  try {
    const path = `${descriptorPath(directory)}/${name}`;
    try {
      mkdirSync(path, 0o700);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      return existing(path, name);
    }
    // Set here, since the umask would limit the mode of mkdir.
    chownSync(path, owner.uid, owner.gid);
    chmodSync(path, owner.mode ?? 0o755);
    return undefined;
  } finally {
    closeSync(directory);
  }
}

function existing(path: string, name: string): string | undefined {
  const place = openSync(path, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(place);
    if (stat.isDirectory()) return undefined;
    if (!stat.isSymbolicLink()) throw invalid(`${name} is not a directory`);
    return readlinkSync(path);
  } finally {
    closeSync(place);
  }
}

function isAbsent(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}
