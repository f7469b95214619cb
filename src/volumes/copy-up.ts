import { closeSync, constants, fstatSync, readdirSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { descriptorPath, openInRoot } from '../linux/index.ts';

/** Copies a folder's content with everything it has; done in a thread of the snapshots. */
export type CopyFiles = (source: string, target: string, signal: AbortSignal) => Promise<void>;

export interface CopyUp {
  readonly rootfs: string;
  /** As the container sees it. */
  readonly path: string;
  readonly data: string;
}

/**
 * Fills an empty volume with what the image has at its place, owner and mode of the folder included. The path is resolved
 * beneath the root and held open while it is copied: an image's symlink cannot lead to the host.
 */
export async function copyUp({ rootfs, path, data }: CopyUp, copyFiles: CopyFiles, signal: AbortSignal): Promise<void> {
  if (readdirSync(data).length > 0) return;
  let source: number;
  try {
    source = openInRoot(rootfs, path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return;
    throw error;
  }
  try {
    if (fstatSync(source).isDirectory()) await copyFiles(descriptorPath(source), data, signal);
  } finally {
    closeSync(source);
  }
}
