import { closeSync, constants, openSync } from 'node:fs';
import { libc } from './libc.ts';

const ioctl = libc.func('int ioctl(int fd, unsigned long request, _Inout_ int *flags)');

// From linux/fs.h, the same on all 64-bit architectures with the generic ioctl numbers.
const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_TOPDIR_FL = 0x20000;

/**
 * Tells ext4 to put each folder made in `directory` into a block group of its own, as chattr(1)'s `+T`. Without a
 * journal ext4 skips inodes deleted in the last minute one by one, so that files made where a tree was just deleted
 * cost up to 1 ms each; elsewhere 0.03 ms. Other file systems lack the flag, and nothing happens. Returns whether it is
 * set.
 */
export function spreadDirectories(directory: string): boolean {
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flags = [0];
    if (ioctl(descriptor, FS_IOC_GETFLAGS, flags) < 0) return false;
    const present = flags[0] ?? 0;
    return (present & FS_TOPDIR_FL) !== 0 || ioctl(descriptor, FS_IOC_SETFLAGS, [present | FS_TOPDIR_FL]) >= 0;
  } finally {
    closeSync(descriptor);
  }
}
