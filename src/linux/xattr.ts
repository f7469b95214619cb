import koffi from 'koffi';
import { cPath } from './byte-path.ts';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

const lsetxattr = libc.func(
  'int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)',
);
const lgetxattr = libc.func('long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)');
/** The same with the path as a string, which koffi passes faster than a buffer: it is called for every file. */
const llistxattrText = libc.func('long llistxattr(const char *path, _Out_ uint8_t *list, size_t size)');
const llistxattr = libc.func('long llistxattr(const uint8_t *path, _Out_ uint8_t *list, size_t size)');
const flistxattr = libc.func('long flistxattr(int fd, _Out_ uint8_t *list, size_t size)');
const lremovexattr = libc.func('int lremovexattr(const uint8_t *path, const char *name)');

/** Values and lists are at most this long (xattr(7)). */
const XATTR_SIZE_MAX = 65_536;
const scratch = Buffer.alloc(XATTR_SIZE_MAX);

/**
 * Sets an extended attribute of the path itself, never of a symlink's target. @throws {SyscallError} ENOTSUP, EPERM,
 * ENOSPC, ERANGE
 */
export function setXattr(path: string | Buffer, name: string, value: Buffer): void {
  check(lsetxattr(cPath(path), name, value, value.length, 0), 'lsetxattr', `${path} ${name}`);
}

/** Undefined when the attribute is missing or not supported. */
export function getXattr(path: string | Buffer, name: string): Buffer | undefined {
  const length = Number(lgetxattr(cPath(path), name, scratch, scratch.length));
  if (length >= 0) return Buffer.from(scratch.subarray(0, length));
  return undefinedIfAbsent('lgetxattr', `${path} ${name}`);
}

/** Names of all attributes of a path or an open file. Empty where the file system does not support any. */
export function listXattrs(path: string | Buffer | number): string[] {
  if (typeof path === 'number') return namesIn(Number(flistxattr(path, scratch, scratch.length)), 'flistxattr', path);
  const isText = typeof path === 'string' && !path.includes('\0');
  const length = Number(
    isText ? llistxattrText(path, scratch, scratch.length) : llistxattr(cPath(path), scratch, scratch.length),
  );
  return namesIn(length, 'llistxattr', path);
}

/** The names that a call has written to the scratch buffer. */
function namesIn(length: number, call: string, subject: string | Buffer | number): string[] {
  if (length === 0) return [];
  if (length < 0) return undefinedIfAbsent(call, String(subject)) ?? [];
  return scratch.toString('utf8', 0, length - 1).split('\0');
}

/** Removes an attribute. A missing one is success. */
export function removeXattr(path: string | Buffer, name: string): void {
  if (lremovexattr(cPath(path), name) < 0) undefinedIfAbsent('lremovexattr', `${path} ${name}`);
}

function undefinedIfAbsent(call: string, subject: string): undefined {
  const errno = koffi.errno();
  const { ENODATA, ENOTSUP, EOPNOTSUPP } = koffi.os.errno;
  if (errno === ENODATA || errno === ENOTSUP || errno === EOPNOTSUPP) return undefined;
  throw new SyscallError(call, errno, subject);
}
