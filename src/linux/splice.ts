import { constants } from 'node:os';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { SyscallError } from './syscall-error.ts';

const spliceCall = libc.func('long splice(int from, void *fromAt, int to, void *toAt, ulong length, uint flags)');
const fallocate = libc.func('int fallocate(int fd, int mode, long offset, long length)');

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const { EAGAIN } = constants.errno;
const offset = Buffer.alloc(8);

/**
 * Moves available bytes, at most `length`, between two descriptors, one of which is a pipe, without waiting; for a file
 * to position `at`. Returns their number, 0 at the end, -1 when none are available now. The kernel removes from the
 * pipe exactly the bytes that it has written to the file: a process that is killed during the call loses nothing.
 * @throws SyscallError EIO from a pty whose other side is closed; ENOSPC Source: splice(2).
 */
export function splice(from: number, to: number, length: number, at?: number): number {
  if (at !== undefined) offset.writeBigInt64LE(BigInt(at));
  const moved = Number(
    spliceCall(from, null, to, at === undefined ? null : offset, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK),
  );
  if (moved >= 0) return moved;
  const errno = koffi.errno();
  if (errno === EAGAIN) return -1;
  throw new SyscallError('splice', errno, String(from));
}

/**
 * Frees the space of a part of a file, which then reads as zeros. The file's size stays. Returns false where the file
 * system does not support it.
 */
export function punchHole(fd: number, from: number, length: number): boolean {
  return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, length) === 0;
}
