import { closeSync, constants, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { descriptorPath, openInRoot } from '../linux/index.ts';
import type { VolumeTrees } from './trees.ts';

export interface CopyUp {
  readonly rootfs: string;
  /** Path as the container sees it. */
  readonly path: string;
  readonly data: string;
  /** A path that does not exist, on the same file system as `data`. */
  readonly fresh: string;
  /** Whether no other process can have `data` open or mounted. */
  readonly isAlone: boolean;
}

export interface CopyUpDeps {
  readonly trees: Pick<VolumeTrees, 'copy'>;
  /** Moves an incomplete copy to the trash. */
  readonly discard: (path: string) => void;
}

/**
 * Fills an empty volume with the image's files at its mount point, including owner and mode of the folder. The path is
 * resolved beneath the root and held open while it is copied, so that an image's symlink cannot lead to the host. The
 * content appears at once, by a rename: a crash leaves the volume empty, and the next start copies again. Where a
 * rename is impossible, the files are copied in place.
 */
export async function copyUp(deps: CopyUpDeps, request: CopyUp, signal: AbortSignal): Promise<void> {
  const { rootfs, path, data, fresh } = request;
  if (!isEmptyFolder(data)) return;
  const source = openSource(rootfs, path);
  if (source === undefined) return;
  try {
    if (!request.isAlone) {
      await deps.trees.copy({ source: descriptorPath(source), target: data }, signal);
      return;
    }
    deps.discard(fresh);
    mkdirSync(fresh, { mode: 0o755 });
    try {
      await deps.trees.copy({ source: descriptorPath(source), target: fresh }, signal);
      renameSync(fresh, data);
    } catch (error) {
      deps.discard(fresh);
      throw error;
    }
  } finally {
    closeSync(source);
  }
}

/** With a subpath the path may be a file. */
function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function openSource(rootfs: string, path: string): number | undefined {
  try {
    return openInRoot(rootfs, path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
