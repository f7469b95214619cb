import { closeSync, constants, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { descriptorPath, openInRoot } from '../linux/index.ts';
import type { VolumeTrees } from './trees.ts';

export interface CopyUp {
  readonly rootfs: string;
  /** As the container sees it. */
  readonly path: string;
  readonly data: string;
  /** On the same file system as `data`, not there yet. */
  readonly fresh: string;
  /** Whether nothing else can have `data` open or mounted. */
  readonly isAlone: boolean;
}

export interface CopyUpDeps {
  readonly trees: Pick<VolumeTrees, 'copy'>;
  /** Moves a half copy away. */
  readonly discard: (path: string) => void;
}

/**
 * Fills an empty volume with what the image has at its place, owner and mode of the folder included. The path is resolved
 * beneath the root and held open while it is copied: an image's symlink cannot lead to the host. The content appears at once, by a
 * rename, so that a crash leaves the volume empty and the next start copies again; only where that cannot be is it copied in place.
 */
export async function copyUp(deps: CopyUpDeps, request: CopyUp, signal: AbortSignal): Promise<void> {
  const { rootfs, path, data, fresh } = request;
  if (readdirSync(data).length > 0) return;
  const source = openSource(rootfs, path);
  if (source === undefined) return;
  try {
    if (!request.isAlone) {
      await deps.trees.copy(descriptorPath(source), data, signal);
      return;
    }
    deps.discard(fresh);
    mkdirSync(fresh, { mode: 0o755 });
    try {
      await deps.trees.copy(descriptorPath(source), fresh, signal);
      renameSync(fresh, data);
    } catch (error) {
      deps.discard(fresh);
      throw error;
    }
  } finally {
    closeSync(source);
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
