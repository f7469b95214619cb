import { closeSync, fstatSync, mkdirSync, openSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf, invalid } from '../base/errors.ts';
import { namesInSync } from '../io/index.ts';
import { bindMount, descriptorPath, detachMountSlowly, O_PATH, openBeneath } from '../linux/index.ts';

export interface PinnedPath extends AsyncDisposable {
  readonly path: string;
}

/**
 * Bind-mounts paths within folders that containers write to at paths of the engine (*pins*). The path that was checked
 * is then the path that is mounted, even when a container replaces it by a link meanwhile. Pins are needed only until
 * the OCI runtime has mounted them.
 */
export interface PinnedPaths {
  /** @throws EngineError notFound; invalid when `..` or a link leads out of the root; both in dockerd's words */
  pin(root: string, subpath: string, containerId: string): PinnedPath;
  /** Removes pins that a crash left. Call it before the first pin. */
  sweep(): Promise<void>;
}

export function createPinnedPaths(execRoot: string): PinnedPaths {
  const folder = join(execRoot, 'pinned');
  let count = 0;
  return {
    pin(root, subpath, containerId) {
      const place = open(root, subpath);
      try {
        count += 1;
        const path = join(folder, `${containerId}-${count}`);
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        if (fstatSync(place).isDirectory()) mkdirSync(path, 0o700);
        else closeSync(openSync(path, 'wx', 0o600));
        mountOrRemove(descriptorPath(place), path);
        return { path, [Symbol.asyncDispose]: () => unpin(path) };
      } finally {
        closeSync(place);
      }
    },
    async sweep() {
      for (const name of namesInSync(folder)) await unpin(join(folder, name));
    },
  };
}

function mountOrRemove(source: string, path: string): void {
  try {
    bindMount(source, path, { recursive: true });
  } catch (error) {
    removeMountPoint(path);
    throw error;
  }
}

async function unpin(path: string): Promise<void> {
  await detachMountSlowly(path);
  removeMountPoint(path);
}

function removeMountPoint(path: string): void {
  // Not recursive: the pinned folder holds a user's data.
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) rmdirSync(path);
  else rmSync(path, { force: true });
}

function open(root: string, subpath: string): number {
  const path = join(root, subpath);
  try {
    return openBeneath(root, subpath, O_PATH);
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENOENT': {
        const text = `cannot access path ${path}: lstat ${path}: no such file or directory`;
        throw new EngineError('notFound', text, { cause: error });
      }
      case 'EXDEV':
      case 'ELOOP':
        throw invalid(`path concatenation escapes the base directory, base: ${root}, subpath: ${subpath}`, error);
      case 'ENOTDIR':
        throw invalid(`error while resolving symlinks in combined path "${path}": not a directory`, error);
      default:
        throw error;
    }
  }
}
