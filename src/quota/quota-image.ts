import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EngineError, errnoOf, failed, messageOf } from '../base/errors.ts';
import {
  attachLoop,
  detachMount,
  detachMountSlowly,
  isMountPoint,
  mount,
  mountSlowly,
  syncFilesystem,
} from '../linux/index.ts';
import { programPath } from './has-quotas.ts';

const run = promisify(execFile);
const MKFS_TIMEOUT_MS = 300_000;
const SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Makes the image of a file system of this size: a sparse file. It appears when it is complete; `partial` is a path
 * beside it for the time before. An existing `partial` is replaced.
 * @throws EngineError noSpace; failed without `mkfs.ext4`, or with what it says. Nothing is left
 */
export async function makeQuotaImage(
  path: string,
  { sizeBytes, partial }: { readonly sizeBytes: number; readonly partial: string },
): Promise<void> {
  try {
    rmSync(partial, { force: true });
    const descriptor = openSync(partial, 'wx', 0o600);
    try {
      ftruncateSync(descriptor, sizeBytes);
    } finally {
      closeSync(descriptor);
    }
    // No blocks are reserved for root: the whole size is the container's. The kernel fills the tables later.
    const flags = ['-q', '-F', '-m', '0', '-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0'];
    await run('mkfs.ext4', [...flags, partial], {
      env: { PATH: programPath(), LC_ALL: 'C' },
      timeout: MKFS_TIMEOUT_MS,
      maxBuffer: 1 << 20,
    });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw reason(error);
  }
}

function reason(error: unknown): EngineError {
  if (SPACE.has(errnoOf(error))) return new EngineError('noSpace', 'no space left on device', { cause: error });
  if (errnoOf(error) === 'ENOENT') return failed('mkfs.ext4 is missing: install e2fsprogs', error);
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  if (/No space left on device/.test(said))
    return new EngineError('noSpace', 'no space left on device', { cause: error });
  return failed(`cannot make a file system of the requested size: ${said === '' ? messageOf(error) : said}`, error);
}

/**
 * Mounts an image over a folder. Space of deleted files goes back to the disk. Whoever unmounts it frees the loop
 * device too.
 * @throws {SyscallError} nothing stays mounted
 */
export async function mountQuotaImage(image: string, target: string): Promise<void> {
  using device = attachLoop(image);
  await mountSlowly({ source: device.path, target, type: 'ext4', data: 'discard' });
  try {
    removeLostAndFound(target);
  } catch (error) {
    detachMount(target);
    throw error;
  }
}

/** As {@link mountQuotaImage}. Blocks: for the start of an engine. @throws {SyscallError} */
export function mountQuotaImageNow(image: string, target: string): void {
  using device = attachLoop(image);
  mount({ source: device.path, target, type: 'ext4', data: 'discard' });
}

/**
 * Unmounts what {@link mountQuotaImage} mounted. Success when nothing is mounted. First everything is written: the
 * kernel gives the space of files that were deleted last back to the disk with a commit, but not with the unmount.
 * @throws {SyscallError} it is still mounted
 */
export async function unmountQuotaImage(target: string): Promise<void> {
  if (!isMountPoint(target)) return;
  await syncFilesystem(target).catch(() => {}); // The disk is full or broken: the unmount is not in doubt.
  await detachMountSlowly(target);
}

/** mkfs makes this folder. Programs that want an empty folder for their data would refuse it. fsck makes it again. */
function removeLostAndFound(target: string): void {
  try {
    rmdirSync(join(target, 'lost+found'));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EROFS'].includes(errnoOf(error) ?? '')) throw error;
  }
}
