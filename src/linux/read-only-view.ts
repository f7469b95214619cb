import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

const openTree = libc.func('long syscall(long number, int directory, const char *path, uint flags)');
const setAttributes = libc.func(
  'long syscall(long number, int directory, const char *path, uint flags, void *attributes, size_t size)',
);

/** The numbers are the same on x86-64 and arm64. */
const SYS_OPEN_TREE = 428;
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0x80000;
const ATTRIBUTE_BYTES = 32;
const MOUNT_ATTR_RDONLY = 1n;
const ENOSYS = 38;

/**
 * Opens a file or folder on a read-only mount of its own, which is nowhere in the mount table (open_tree(2)). A folder
 * is without the mounts below it. Who opens a file through the descriptor (`descriptorPath`) can read it, and write to
 * it when it is a device, but can change neither owner nor mode. CLOEXEC. The caller closes it. Returns undefined
 * before Linux 5.12.
 * @throws SyscallError
 */
export function openReadOnlyView(path: string): number | undefined {
  const fd = Number(openTree(SYS_OPEN_TREE, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (fd < 0 && koffi.errno() === ENOSYS) return undefined;
  check(fd, 'open_tree', path);
  const attributes = Buffer.alloc(ATTRIBUTE_BYTES);
  attributes.writeBigUInt64LE(MOUNT_ATTR_RDONLY, 0);
  const result = Number(setAttributes(SYS_MOUNT_SETATTR, fd, '', AT_EMPTY_PATH, attributes, ATTRIBUTE_BYTES));
  if (result === 0) return fd;
  const errno = koffi.errno();
  closeSync(fd);
  if (errno === ENOSYS) return undefined;
  throw new SyscallError('mount_setattr', errno, path);
}
