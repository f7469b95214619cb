import { cPath } from './byte-path.ts';
import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const statvfs = libc.func('int statvfs(const uint8_t *path, _Out_ uint8_t *buffer)');

/** `struct statvfs` of glibc and musl has 112 bytes on 64-bit machines, and nine words before `f_flag`. */
const SIZE = 112;
const FLAG_OFFSET = 9 * 8;

const OPTIONS = [
  ['ro', 1],
  ['nosuid', 2],
  ['nodev', 4],
  ['noexec', 8],
] as const;

/**
 * Which of `ro`, `nosuid`, `nodev` and `noexec` the mount that holds a path has: `f_flag` of statvfs(3). A network file
 * system may ask its server. @throws {SyscallError} ENOENT, EACCES
 */
export function mountFlags(path: string): readonly string[] {
  const buffer = Buffer.alloc(SIZE);
  check(statvfs(cPath(path), buffer), 'statvfs', path);
  const flags = buffer.readUInt32LE(FLAG_OFFSET);
  return OPTIONS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}
