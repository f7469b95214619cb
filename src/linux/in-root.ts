import { closeSync, constants, fstatSync, mkdirSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { errnoOf, invalid } from '../base/errors.ts';
import { followLinks } from '../base/follow-links.ts';
import { setOwnerAndMode } from './file-mode.ts';
import { descriptorPath, O_PATH, openInRoot } from './openat2.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
/** The kernel's limit of symlinks in a path. */
const MOST_LINKS = 40;

/**
 * Reads a small regular file of a root file system. Symlinks are resolved as its own processes would resolve them.
 * Undefined when the file does not exist. Never opens a device or waits for a FIFO.
 * @throws EngineError invalid when the path is not a regular file, or the file is larger than `maxBytes`
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

/**
 * Returns the target of the symlink at a path, and undefined for any other file. It follows symlinks above the last
 * component.
 */
export function readLinkInRoot(root: string, path: string): string | undefined {
  let folder: number;
  try {
    folder = openInRoot(root, posix.dirname(path), O_PATH | O_DIRECTORY);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    return readlinkSync(`${descriptorPath(folder)}/${posix.basename(path)}`);
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  } finally {
    closeSync(folder);
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
  /** Called with the real path inside the root of each directory that is made. */
  readonly made?: (path: string) => void;
}

/**
 * Makes `path` and the directories above it inside a root file system. It follows symlinks as the root's own processes
 * would, also those whose target does not exist. Existing directories keep their owner and mode. Returns the real path
 * inside the root.
 * @throws EngineError invalid when a component is not a directory
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
    if (links > MOST_LINKS) throw tooManyLinks(path);
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
    setOwnerAndMode(path, { ...owner, mode: owner.mode ?? 0o755 });
    owner.made?.(`/${[...parent, name].join('/')}`);
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

/**
 * Makes an empty file with mode 0755, as the OCI runtimes make the mount point of a file, and its parent directories.
 * An existing file stays. @throws EngineError invalid when a component is not a directory
 */
export function makeFileInRoot(root: string, path: string): void {
  // The last component may be a symlink to a directory that is missing as well.
  const place = followLinks(path, (link) => readLinkInRoot(root, link), MOST_LINKS);
  if (place === undefined) throw tooManyLinks(path);
  const folder = makeDirectoryInRoot(root, posix.dirname(place), { uid: 0, gid: 0 });
  const file = posix.join(folder, posix.basename(place));
  closeSync(openInRoot(root, file, constants.O_CREAT | constants.O_WRONLY, 0o755));
}

function tooManyLinks(path: string): Error {
  return invalid(`${path}: too many levels of symbolic links`);
}

function isAbsent(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}
