import { cPath } from './byte-path.ts';
import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const mknod2 = libc.func('int mknod(const uint8_t *path, unsigned int mode, unsigned long dev)');

/** File types of st_mode, from sys/stat.h. */
export const S_IF = {
  MT: 0o170000,
  SOCK: 0o140000,
  LNK: 0o120000,
  REG: 0o100000,
  BLK: 0o060000,
  DIR: 0o040000,
  CHR: 0o020000,
  IFO: 0o010000,
} as const;

/**
 * Makes a device node, FIFO, socket or empty file. `mode` contains a type of {@link S_IF}. The umask applies. @throws
 * {SyscallError}
 */
export function makeNode(path: string | Buffer, mode: number, device = 0): void {
  check(mknod2(cPath(path), mode, device), 'mknod', String(path));
}

/** glibc's makedev(3) for numbers below 2^32. */
export function makeDevice(major: number, minor: number): number {
  // No device has a major number in the upper half (above 4095). Refusing them keeps the result a safe integer.
  if (!(major >= 0 && major < 4096 && minor >= 0 && minor < 2 ** 20)) {
    throw new RangeError(`device number ${major}:${minor} is out of range`);
  }
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x100000;
}

export function deviceMajor(device: number): number {
  return Math.floor(device / 0x100) & 0xfff;
}

export function deviceMinor(device: number): number {
  return (device & 0xff) | (Math.floor(device / 0x100000) << 8);
}
