import { closeSync, constants, openSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { cPath } from './byte-path.ts';
import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const openat2Call = libc.func('syscall', 'long', ['long', 'int', 'uint8_t *', 'uint8_t *', 'size_t']);
const SYS_OPENAT2 = 437;

/** Restrictions of path resolution (openat2(2), Linux 5.6). */
export const RESOLVE = { NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, BENEATH: 8, IN_ROOT: 16 } as const;

export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

export interface OpenHow {
  /** `fs.constants.O_*` and {@link O_PATH}. O_CLOEXEC is added. */
  readonly flags: number;
  readonly mode?: number;
  readonly resolve: number;
}

/**
 * Opens `path` relative to `directory`, an open descriptor. Returns a descriptor to close with `closeSync`. @throws
 * {SyscallError}
 */
export function openat2(directory: number, path: string | Buffer, how: OpenHow): number {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(BigInt(how.flags | O_CLOEXEC), 0);
  bytes.writeBigUInt64LE(BigInt(how.mode ?? 0), 8);
  bytes.writeBigUInt64LE(BigInt(how.resolve), 16);
  return check(Number(openat2Call(SYS_OPENAT2, directory, cPath(path), bytes, bytes.length)), 'openat2', String(path));
}

/**
 * Opens `path` as a process with the root directory `root` would: `..` stops at the root, and absolute paths and
 * symlinks start there. The last component's symlink is followed unless `flags` has O_NOFOLLOW.
 * @throws {SyscallError} ENOENT, ENOTDIR, ELOOP, EACCES
 */
export function openInRoot(root: string, path: string | Buffer, flags: number, mode = 0): number {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    return openAgain(directory, path, { flags, mode, resolve: RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS });
  } finally {
    closeSync(directory);
  }
}

/**
 * Opens the relative `path` if no component leads out of `root`, neither a `..` nor a symlink, even one that leads
 * back.
 * @throws {SyscallError} EXDEV when it leads out; ENOENT, ENOTDIR, ELOOP, EACCES
 */
export function openBeneath(root: string, path: string, flags: number): number {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    return openAgain(directory, path, { flags, resolve: RESOLVE.BENEATH | RESOLVE.NO_MAGICLINKS });
  } finally {
    closeSync(directory);
  }
}

/** The kernel asks to try again when a file was renamed while it resolved a `..`. */
function openAgain(directory: number, path: string | Buffer, how: OpenHow): number {
  for (let left = 100; ; left -= 1) {
    try {
      return openat2(directory, path, how);
    } catch (error) {
      if (left === 0 || errnoOf(error) !== 'EAGAIN') throw error;
    }
  }
}

/** A path of an open descriptor for Node's fs functions. It stays valid when the file is renamed. */
export function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
