import { closeSync, constants, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const unshare = libc.func('int unshare(int flags)');
const chroot = libc.func('int chroot(const char *path)');
const chdir = libc.func('int chdir(const char *path)');
const fchdir = libc.func('int fchdir(int fd)');
const umask = libc.func('unsigned int umask(unsigned int mask)');

const CLONE_FS = 0x200;
let separate = false;

/**
 * Gives the calling worker thread a root, working directory and umask (0) of its own, once. They affect only
 * synchronous calls of this thread: Node's asynchronous fs functions run in libuv's pool.
 * @throws {Error} on the main thread, {@link SyscallError} EPERM
 */
export function separateThread(): void {
  if (separate) return;
  if (isMainThread) throw new Error('only a worker thread may have a root of its own');
  check(unshare(CLONE_FS), 'unshare', 'CLONE_FS');
  umask(0);
  separate = true;
}

/**
 * Makes `directory` the root of the calling worker thread until disposed. The kernel then confines every synchronous
 * path of the thread: neither `..`, absolute names nor symlinks lead out. Load all code before: imports would be looked
 * up inside. Descriptors opened before stay valid.
 * @throws {SyscallError} ENOENT, ENOTDIR, EPERM
 */
export function enterRoot(directory: string): Disposable {
  separateThread();
  const outside = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    check(chroot(directory), 'chroot', directory);
    check(chdir('/'), 'chdir', '/');
  } catch (error) {
    leave(outside);
    throw error;
  }
  let inside = true;
  return {
    [Symbol.dispose]() {
      if (inside) leave(outside);
      inside = false;
    },
  };
}

function leave(outside: number): void {
  check(fchdir(outside), 'fchdir', '/');
  check(chroot('.'), 'chroot', '.');
  closeSync(outside);
}
