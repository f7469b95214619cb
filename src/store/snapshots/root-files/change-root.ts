import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { posix } from 'node:path';
import { errnoOf, invalid } from '../../../base/errors.ts';
import { descriptorPath, openInRoot, removeTree, showPath } from '../../../linux/index.ts';
import { existingDirectory, makeDirectories, realPlace, setSeconds, setTimesOf } from './copy-target.ts';
import type { MakeDirectory, MakeFile, MakeSymlink, RemovePaths } from './root-job.ts';
import { selectPaths } from './select-paths.ts';

/** @throws EngineError notFound, invalid; system errors */
export function makeDirectory({ root, path, mode, owner, makesParents, timeSeconds }: MakeDirectory): void {
  const place = realPlace(root, path);
  if (makesParents !== true) existingDirectory(root, posix.dirname(place));
  const made: string[] = [];
  makeDirectories(root, place, { owner, mode, made: (each) => void made.push(each) });
  if (timeSeconds !== undefined) setTimesOf(root, made, timeSeconds);
}

/** @throws EngineError notFound, invalid; system errors */
export function makeFile({ root, path, bytes, mode, owner, timeSeconds }: MakeFile): void {
  const place = realPlace(root, path);
  const folder = existingDirectory(root, posix.dirname(place));
  const name = posix.basename(place);
  const directory = openInRoot(root, `/${showPath(folder)}`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const at = `${descriptorPath(directory)}/${name}`;
    // Neither a device nor a FIFO may be opened.
    const existing = lstatSync(at, { throwIfNoEntry: false });
    if (name === '' || (existing !== undefined && !existing.isFile())) throw invalid(`${path} is not a regular file`);
    const file = openSync(
      at,
      constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600,
    );
    try {
      if (!fstatSync(file).isFile()) throw invalid(`${path} is not a regular file`);
      ftruncateSync(file, 0);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fchownSync(file, owner?.uid ?? 0, owner?.gid ?? 0);
      fchmodSync(file, mode);
    } finally {
      closeSync(file);
    }
    if (timeSeconds !== undefined) setSeconds(at, timeSeconds);
  } finally {
    closeSync(directory);
  }
}

/** @throws EngineError notFound, invalid; system errors */
export function makeSymlink({ root, path, target, owner, timeSeconds }: MakeSymlink): void {
  // The last name is the link's own, whatever is there.
  const parent = realPlace(root, posix.dirname(posix.resolve('/', path)));
  const name = posix.basename(posix.resolve('/', path));
  const folder = existingDirectory(root, parent);
  const directory = openInRoot(root, `/${showPath(folder)}`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const at = `${descriptorPath(directory)}/${name}`;
    try {
      symlinkSync(target, at);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') throw invalid(`${path} exists`);
      throw error;
    }
    lchownSync(at, owner?.uid ?? 0, owner?.gid ?? 0);
    if (timeSeconds !== undefined) setSeconds(at, timeSeconds);
  } finally {
    closeSync(directory);
  }
}

/** @throws EngineError notFound, invalid, cancelled; system errors. A directory that is not empty goes with its content */
export function removePaths({ root, path, hasWildcards, mayBeMissing }: RemovePaths, shouldStop: () => boolean): void {
  try {
    for (const { name, directory, entry } of selectPaths(root, { path, hasWildcards: hasWildcards === true })) {
      if (name === '') throw invalid('the root cannot be removed');
      removeTree(directory.entry(entry), shouldStop);
    }
  } catch (error) {
    if (mayBeMissing === true && isMissing(error)) return;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || (error instanceof Error && 'kind' in error && error.kind === 'notFound');
}
