import { chmodSync, closeSync, constants, lstatSync, openSync, readlinkSync, symlinkSync } from 'node:fs';
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
/** What the image has instead stays, and on a full disk the start says what it cannot make. */
const LEFT_TO_THE_RUNTIME: ReadonlySet<string> = new Set(['EEXIST', 'ENOSPC', 'EDQUOT', 'EROFS']);

/**
 * Makes what a container's root is mounted on, and /etc/mtab, where its image has none of them: with the modes that Docker
 * gives, in what was written over the image. `walkChanges` knows them. `root` is the mounted root, `written` the folder of
 * what was written over the image, or the same. Made once: what the container removes of them stays away. Synchronous.
 */
export function makeMountPlaces(root: string, written: string): void {
  if (has(written, 'etc/mtab') || (written !== root && has(written, 'dev'))) return;
  for (const folder of FOLDERS) tolerant(() => void makeDirectoryInRoot(root, folder, ROOT_OWNER));
  for (const [folder, name] of FILES) {
    within(root, folder, (place) => {
      const path = join(place, name);
      closeSync(openSync(path, 'wx', 0o755));
      // The mode of open is cut by the umask.
      chmodSync(path, 0o755);
    });
  }
  within(root, '/etc', (place) => symlinkSync(MTAB_TARGET, join(place, 'mtab')));
}

/** Bytes that `makeMountPlaces` added to `written`: docker does not count them as the container's. Synchronous. */
export function mountPlacesSize(written: string): number {
  try {
    return readlinkSync(join(written, 'etc/mtab')) === MTAB_TARGET ? MTAB_TARGET.length : 0;
  } catch {
    return 0;
  }
}

/** By descriptor: a process of the container may be at work in its root. */
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
