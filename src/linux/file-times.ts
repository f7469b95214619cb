import { cPath } from './byte-path.ts';
import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const utimensat = libc.func('int utimensat(int dirfd, const uint8_t *path, const uint8_t *times, int flags)');

const futimens = libc.func('int futimens(int fd, const uint8_t *times)');
/** Each call fills it anew. */
const scratch = Buffer.alloc(32);

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const BILLION = 1_000_000_000n;

/**
 * Sets access and modification time of the path itself to the nanosecond. Node's utimes (seconds as a double) cannot.
 * Times before 1970 are negative. @throws {SyscallError}
 */
export function setTimes(path: string | Buffer, accessNanos: bigint, modifiedNanos: bigint): void {
  const times = Buffer.alloc(32);
  write(times, 0, accessNanos);
  write(times, 16, modifiedNanos);
  check(utimensat(AT_FDCWD, cPath(path), times, AT_SYMLINK_NOFOLLOW), 'utimensat', String(path));
}

/** Sets the times of an open file, as {@link setTimes}. Not for a descriptor of O_PATH. @throws {SyscallError} */
export function setOpenFileTimes(descriptor: number, accessNanos: bigint, modifiedNanos: bigint): void {
  write(scratch, 0, accessNanos);
  write(scratch, 16, modifiedNanos);
  check(futimens(descriptor, scratch), 'futimens', String(descriptor));
}

function write(times: Buffer, at: number, nanos: bigint): void {
  const fraction = ((nanos % BILLION) + BILLION) % BILLION;
  times.writeBigInt64LE((nanos - fraction) / BILLION, at);
  times.writeBigInt64LE(fraction, at + 8);
}
