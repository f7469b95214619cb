import { closeSync, constants, fstatSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { errnoOf } from '../../../base/errors.ts';
import { descriptorPath, O_PATH, openInRoot, statInRoot } from '../../../linux/index.ts';
import { resolveIn } from './path-within.ts';

/** Mount points that a runtime has to make in a root. */
export interface MountStubs {
  /** Removes those that are there and empty. Nothing else may change the root meanwhile. */
  remove(): void;
}

/**
 * Notes which mount points are missing before a step runs. `withParents`: the missing directories above them are removed
 * too.
 */
export function mountStubs(root: string, destinations: readonly string[], withParents: boolean): MountStubs {
  const missing = new Set<string>();
  for (const destination of destinations) {
    let at = resolveIn(root, destination);
    for (; at !== '/' && statInRoot(root, at) === undefined; at = posix.dirname(at)) {
      missing.add(at);
      if (!withParents) break;
    }
  }
  // Deepest first.
  const paths = [...missing].sort((one, other) => depth(other) - depth(one));
  return {
    remove() {
      for (const path of paths) removeEmpty(root, path);
    },
  };
}

function depth(path: string): number {
  return path.split('/').length;
}

/** The step may have put anything in the place of a mount point or above it. */
function removeEmpty(root: string, path: string): void {
  let folder: number;
  try {
    folder = openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return;
    throw error;
  }
  try {
    removeEmptyEntry(`${descriptorPath(folder)}/${posix.basename(path)}`);
  } finally {
    closeSync(folder);
  }
}

function removeEmptyEntry(path: string): void {
  let entry: number;
  try {
    entry = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const stat = fstatSync(entry);
    if (stat.isDirectory() && readdirSync(descriptorPath(entry)).length === 0) rmdirSync(path);
    else if (stat.isFile() && stat.size === 0) unlinkSync(path);
  } finally {
    closeSync(entry);
  }
}
