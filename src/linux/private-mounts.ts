import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const setns = libc.func('int setns(int fd, int type)');
const unshare = libc.func('int unshare(int flags)');
const mount = libc.func('int mount(const char *source, const char *target, const char *type, ulong flags, void *data)');
const umount2 = libc.func('int umount2(const char *target, int flags)');

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const MS_SLAVE = 1 << 19;
const MNT_DETACH = 2;

/**
 * Runs `action` while the calling thread is in a fresh private copy of the mount namespace `home` without the mount
 * `target` on `parent`. Then the thread returns to `home`. Processes that `action` spawns stay in the copy.
 *
 * Synchronous, acts on the calling thread only. Its working directory becomes `/`. `home` is a descriptor of
 * /proc/self/ns/mnt of the same thread. The mount stays everywhere else, whatever the propagation of `parent`.
 * @throws SyscallError EPERM without CAP_SYS_ADMIN
 */
export function withoutMount<T>(home: number, mountPoint: { parent: string; target: string }, action: () => T): T {
  // setns(2) refuses a thread that shares its root and working directory with others.
  check(unshare(CLONE_FS), 'unshare', 'CLONE_FS');
  check(unshare(CLONE_NEWNS), 'unshare', 'CLONE_NEWNS');
  try {
    check(mount(null, mountPoint.parent, null, MS_SLAVE, null), 'mount slave', mountPoint.parent);
    check(umount2(mountPoint.target, MNT_DETACH), 'umount2', mountPoint.target);
    return action();
  } finally {
    check(setns(home, CLONE_NEWNS), 'setns', 'mount namespace');
  }
}
