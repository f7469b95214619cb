import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)');
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/**
 * Returns the next region of a file that holds data, from `at` on. Undefined when only a hole is left before `size`.
 * Moves the descriptor's offset. @throws {SyscallError} EINVAL where the file system cannot tell
 */
export function nextData(descriptor: number, at: number, size: number): { start: number; end: number } | undefined {
  if (at >= size) return undefined;
  const start = Number(lseek(descriptor, at, SEEK_DATA));
  if (start < 0) {
    const errno = koffi.errno();
    if (errno === koffi.os.errno['ENXIO']) return undefined;
    throw new SyscallError('lseek', errno, '');
  }
  if (start >= size) return undefined;
  return { start, end: Math.min(check(Number(lseek(descriptor, start, SEEK_HOLE)), 'lseek'), size) };
}
