import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync } from 'node:fs';
import { descriptorPath, O_PATH } from './openat2.ts';

/**
 * Sets the mode of the path itself. Node's `chmod` follows a symlink, and a process that writes to the folder could put
 * one there that leads to a file of the host. A symlink stays as it is. @throws ENOENT, EPERM
 */
export function setMode(path: string | Buffer, mode: number): void {
  withoutFollowing(path, (at) => chmodSync(at, mode));
}

/** Sets owner and mode as {@link setMode}. */
export function setOwnerAndMode(
  path: string | Buffer,
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
): void {
  withoutFollowing(path, (at) => {
    chownSync(at, uid, gid);
    chmodSync(at, mode);
  });
}

/** chmod(2) refuses a descriptor of O_PATH, but takes its path below /proc. */
function withoutFollowing(path: string | Buffer, change: (at: string) => void): void {
  const place = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(place).isSymbolicLink()) change(descriptorPath(place));
  } finally {
    closeSync(place);
  }
}
