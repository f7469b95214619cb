import { closeSync, constants } from 'node:fs';
import { posix } from 'node:path';
import { invalid } from '../../../base/errors.ts';
import { followLinks } from '../../../base/follow-links.ts';
import {
  type BytePath,
  descriptorPath,
  makeDirectoryInRoot,
  O_PATH,
  openInRoot,
  readLinkInRoot,
  setTimes,
  toBytePath,
} from '../../../linux/index.ts';
import type { FileOwner } from './copy-request.ts';
import { describePathError } from './select-paths.ts';

const ROOT: FileOwner = { uid: 0, gid: 0 };
const SECOND = 1_000_000_000n;
/** The kernel's limit of symlinks in a path. */
const MOST_LINKS = 40;

export interface MakeParents {
  readonly owner?: FileOwner | undefined;
  /** Default 0o755. */
  readonly mode?: number | undefined;
  /** Called with the real path of each directory that is made. */
  readonly made?: (path: string) => void;
}

/** The path behind all symlinks, within the root. Nothing need be there. @throws EngineError invalid */
export function realPlace(root: string, path: string): string {
  const place = followLinks(posix.resolve('/', path), (link) => readLinkInRoot(root, link), MOST_LINKS);
  if (place === undefined) throw invalid(`${path}: too many levels of symbolic links`);
  return place;
}

/** Makes a directory with its parents, unless it is there. Returns its real path. @throws EngineError invalid */
export function makeDirectories(root: string, path: string, { owner = ROOT, mode, made }: MakeParents): BytePath {
  const options = { ...owner, ...(mode === undefined ? {} : { mode }), ...(made === undefined ? {} : { made }) };
  return toBytePath(makeDirectoryInRoot(root, path, options).slice(1));
}

/** @throws EngineError notFound when there is no such directory */
export function existingDirectory(root: string, path: string): BytePath {
  const place = toBytePath(path.slice(1));
  try {
    closeSync(openInRoot(root, path, O_PATH | constants.O_DIRECTORY));
  } catch (error) {
    throw describePathError(error, place);
  }
  return place;
}

export function setSeconds(path: string, seconds: number): void {
  setTimes(path, BigInt(seconds) * SECOND, BigInt(seconds) * SECOND);
}

/** Sets the times of directories that were made, deepest first, once their content is there. */
export function setTimesOf(root: string, paths: readonly string[], seconds: number): void {
  for (const path of paths.toReversed()) {
    const place = openInRoot(root, path, O_PATH | constants.O_NOFOLLOW);
    try {
      setSeconds(`${descriptorPath(place)}/.`, seconds);
    } finally {
      closeSync(place);
    }
  }
}
