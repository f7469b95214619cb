import { constants } from 'node:os';
import koffi from 'koffi';

const NAMES = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));
// EWOULDBLOCK is the same number.
NAMES.set(constants.errno.EAGAIN, 'EAGAIN');
// Node does not know it: a bridge has no free port (errno(3)).
NAMES.set(54, 'EXFULL');

/** A failed system call. `code` is the errno name, so that callers write `error.code === 'EBUSY'`. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly code: string;
  readonly errno: number;

  constructor(call: string, errno: number, subject: string) {
    const code = NAMES.get(errno) ?? `errno ${errno}`;
    super(subject === '' ? `${call}: ${code}` : `${call} ${subject}: ${code}`);
    this.code = code;
    this.errno = errno;
  }
}

/**
 * Checks the result of a libc call that returns -1 and sets errno. Call it directly on the result: the next FFI call
 * overwrites errno.
 * @throws {SyscallError}
 */
export function check(result: number, call: string, subject: string | number = ''): number {
  if (result >= 0) return result;
  throw new SyscallError(call, koffi.errno(), String(subject));
}
