import { closeSync, constants, fchmodSync, lstatSync, openSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { descriptorPath, makeDirectoryInRoot, O_PATH, openInRoot } from '../../linux/index.ts';

const ROOT_OWNER = { uid: 0, gid: 0 };
const MTAB_TARGET = '/proc/mounts';
const FOLDERS = ['/dev/pts', '/dev/shm', '/proc', '/sys'];
const FILES = [
  ['/dev', 'console'],
  ['/etc', 'hostname'],
  ['/etc', 'hosts'],
  ['/etc', 'resolv.conf'],
] as const;
/** An existing file of the image stays. On a full disk the start reports what it cannot make. */
const LEFT_TO_THE_RUNTIME: ReadonlySet<string> = new Set(['EEXIST', 'ENOSPC', 'EDQUOT', 'EROFS']);

/**
 * Makes the mount points of a container's root, and /etc/mtab, where its image lacks them, with Docker's modes, in the
 * container's changes. `walkChanges` ignores them. `root` is the mounted root. `written` is the folder of the
 * container's changes, or the same. Made once: a mount point that the container removes is not made again. Synchronous.
 */
export function makeMountPoints(root: string, written: string): void {
  if (has(written, 'etc/mtab') || (written !== root && has(written, 'dev'))) return;
  for (const folder of FOLDERS) tolerant(() => void makeDirectoryInRoot(root, folder, ROOT_OWNER));
  for (const [folder, name] of FILES) {
    within(root, folder, (place) => {
      const file = openSync(join(place, name), 'wx', 0o755);
      try {
        // The umask limits the mode of open.
        fchmodSync(file, 0o755);
      } finally {
        closeSync(file);
      }
    });
  }
  within(root, '/etc', (place) => symlinkSync(MTAB_TARGET, join(place, 'mtab')));
}

/** Bytes that `makeMountPoints` added to `written`: docker does not count them as the container's. Synchronous. */
export function mountPointsSize(written: string): number {
  try {
    return readlinkSync(join(written, 'etc/mtab')) === MTAB_TARGET ? MTAB_TARGET.length : 0;
  } catch {
    return 0;
  }
}

/** Works by descriptor: a process of the container may change its root meanwhile. */
function within(root: string, folder: string, make: (place: string) => void): void {
  tolerant(() => {
    const real = makeDirectoryInRoot(root, folder, ROOT_OWNER);
    const place = openInRoot(root, real, O_PATH | constants.O_DIRECTORY);
    try {
      make(descriptorPath(place));
    } finally {
      closeSync(place);
    }
  });
}

function has(folder: string, path: string): boolean {
  return lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined;
}

function tolerant(make: () => void): void {
  try {
    make();
  } catch (error) {
    const isInvalid = error instanceof EngineError && error.kind === 'invalid';
    if (!isInvalid && !LEFT_TO_THE_RUNTIME.has(errnoOf(error) ?? '')) throw error;
  }
}
