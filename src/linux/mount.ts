import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

const mount2 = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const umount2 = libc.func('int umount2(const char *target, int flags)');

/** Flags of mount(2), from linux/mount.h. */
export const MS = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  SYNCHRONOUS: 0x10,
  REMOUNT: 0x20,
  DIRSYNC: 0x80,
  NOATIME: 0x400,
  NODIRATIME: 0x800,
  BIND: 0x1000,
  MOVE: 0x2000,
  REC: 0x4000,
  SILENT: 0x8000,
  UNBINDABLE: 0x20000,
  PRIVATE: 0x40000,
  SLAVE: 0x80000,
  SHARED: 0x100000,
  RELATIME: 0x200000,
  STRICTATIME: 0x1000000,
  LAZYTIME: 0x2000000,
} as const;

const MNT_FORCE = 0x1;
const MNT_DETACH = 0x2;
const UMOUNT_NOFOLLOW = 0x8;

export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

const PROPAGATION: Record<Propagation, number> = {
  private: MS.PRIVATE,
  rprivate: MS.PRIVATE | MS.REC,
  slave: MS.SLAVE,
  rslave: MS.SLAVE | MS.REC,
  shared: MS.SHARED,
  rshared: MS.SHARED | MS.REC,
};

export interface MountRequest {
  readonly source: string;
  /** Absolute path. Symlinks in it are followed. */
  readonly target: string;
  /** File system type. Null with {@link MS}.BIND, REMOUNT, MOVE and propagation flags. */
  readonly type: string | null;
  /** Flags of {@link MS}. */
  readonly flags?: number;
  /** The file system's own options, comma separated, at most one page. */
  readonly data?: string | null;
}

/**
 * Calls mount(2). Blocks for as long as the file system takes (network ones: seconds; call it from a worker for those).
 * Acts on the calling thread's mount namespace.
 * @throws {SyscallError} names the target
 */
export function mount(request: MountRequest): void {
  const { source, target, type, flags = 0, data = null } = request;
  check(mount2(source, target, type, flags, data), 'mount', target);
}

/**
 * Binds a file or directory. `readOnly` affects only the topmost mount: submounts of a recursive bind keep their mode.
 * @throws {SyscallError} nothing stays mounted
 */
export function bindMount(
  source: string,
  target: string,
  options: { readonly recursive?: boolean; readonly readOnly?: boolean } = {},
): void {
  const flags = MS.BIND | (options.recursive === true ? MS.REC : 0);
  mount({ source, target, type: null, flags });
  if (options.readOnly !== true) return;
  try {
    remount(target, MS.BIND | MS.RDONLY);
  } catch (error) {
    detachMount(target);
    throw error;
  }
}

/** Changes the flags of the mount at `target`: with {@link MS}.BIND only of this mount, else of its file system. */
export function remount(target: string, flags: number, data: string | null = null): void {
  mount({ source: 'none', target, type: null, flags: flags | MS.REMOUNT, data });
}

/** Changes how mounts below `target`, which must be a mount point, are shared with other namespaces. */
export function setPropagation(target: string, propagation: Propagation): void {
  mount({ source: 'none', target, type: null, flags: PROPAGATION[propagation] });
}

/**
 * Unmounts the topmost mount at `target`, never through a symlink.
 * @throws {SyscallError} EBUSY while in use, EINVAL when nothing is mounted there
 */
export function unmount(target: string, options: { readonly force?: boolean } = {}): void {
  check(umount2(target, UMOUNT_NOFOLLOW | (options.force === true ? MNT_FORCE : 0)), 'umount2', target);
}

/**
 * Detaches the topmost mount at `target`, never through a symlink. Open files keep the mount alive until they are
 * closed. Returns false, and throws no error, when the target is not a mount point, so that teardown may run twice.
 * @throws {SyscallError} EPERM without CAP_SYS_ADMIN, ENOENT Source: umount(2); flag values from linux/fs.h.
 */
export function detachMount(target: string): boolean {
  if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) === 0) return true;
  const errno = koffi.errno(); // Read at once: the next FFI call overwrites it.
  if (errno === koffi.os.errno['EINVAL']) return false;
  throw new SyscallError('umount2', errno, target);
}

/**
 * Calls {@link mount} on a thread of Node's pool, for file systems that take a while. All file system calls of the
 * process share its few threads: a mount that may wait for a server needs a separate process.
 */
export function mountSlowly(request: MountRequest): Promise<void> {
  const { source, target, type, flags = 0, data = null } = request;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  mount2.async(source, target, type, flags, data, (error: unknown, result: number) => {
    const errno = koffi.errno();
    if (error !== null) reject(error);
    else if (result < 0) reject(new SyscallError('mount', errno, target));
    else resolve();
  });
  return promise;
}

/**
 * Detaches every mount at the target, on a thread of Node's pool: the kernel waits 2 ms or more for readers.
 */
export async function detachMountSlowly(target: string): Promise<void> {
  const once = (): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    umount2.async(target, MNT_DETACH | UMOUNT_NOFOLLOW, (error: unknown, result: number) => {
      if (error === null) resolve(result);
      else reject(error);
    });
    return promise;
  };
  while ((await once()) === 0);
  // Throws if a mount is still there.
  detachMount(target);
}
