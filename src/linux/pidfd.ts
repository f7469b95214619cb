import { libc } from './libc.ts';
import { POLL, pollNow } from './poll.ts';
import { check } from './syscall-error.ts';

// Fixed prototypes for variadic calls: the same registers on every 64-bit Linux ABI.
const syscall = libc.func('long syscall(long number, long a, long b, long c, long d)');
const ioctl = libc.func('int ioctl(int fd, ulong request, void *argument)');

/** The numbers are the same on x86-64 and arm64. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
/** _IOWR(0xFF, 11, struct pidfd_info) of 64 bytes, its first published size (linux/pidfd.h). */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_EXIT = 8n;
const INFO_BYTES = 128;
const INFO_EXIT_CODE_AT = 60;

/**
 * Opens a descriptor that always names one process. CLOEXEC. The caller closes it.
 * @throws SyscallError ESRCH when the process has been reaped
 */
export function openPidfd(pid: number): number {
  return check(syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0), 'pidfd_open', pid);
}

/** @throws SyscallError ESRCH when the process has ended */
export function signalPidfd(pidfd: number, signalNumber: number): void {
  check(syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signalNumber, 0, 0), 'pidfd_send_signal', signalNumber);
}

/** Duplicates descriptor `fd` of another process into this one, CLOEXEC. Needs ptrace rights on it. */
export function takeDescriptor(pidfd: number, fd: number): number {
  return check(syscall(SYS_PIDFD_GETFD, pidfd, fd, 0, 0), 'pidfd_getfd', fd);
}

/** Whether the process has ended (a zombie has). Does not block. */
export function pidfdEnded(pidfd: number): boolean {
  return pollNow(pidfd, POLL.in) !== 0;
}

/**
 * Exit code of a process that has ended and was reaped by its parent: 0..255, 128+n when killed by signal n. Undefined
 * while it is not known, and always before Linux 6.15. The pidfd must have been opened while the process ran.
 */
export function pidfdExitCode(pidfd: number): number | undefined {
  const info = Buffer.alloc(INFO_BYTES);
  info.writeBigUInt64LE(PIDFD_INFO_EXIT, 0);
  if (ioctl(pidfd, PIDFD_GET_INFO, info) !== 0) return undefined;
  if ((info.readBigUInt64LE(0) & PIDFD_INFO_EXIT) === 0n) return undefined;
  return exitCodeOfStatus(info.readInt32LE(INFO_EXIT_CODE_AT));
}

/** Converts the wait status of wait(2): 0..255, or 128+n for signal n. */
export function exitCodeOfStatus(status: number): number {
  const signalNumber = status & 0x7f;
  return signalNumber === 0 ? (status >> 8) & 255 : 128 + signalNumber;
}
