import koffi from 'koffi';
import { libc } from './libc.ts';
import { SyscallError } from './syscall-error.ts';

const pollCall = libc.func('int poll(void *fds, ulong count, int timeout)');
const EINTR = 4;

/** Events of poll(2). */
export const POLL = { in: 0x01, error: 0x08, hangUp: 0x10 } as const;

/**
 * Returns the events of a descriptor that are there now, as a bit set; `POLL.error` and `POLL.hangUp` are always among the
 * wanted ones. Does not block. poll(2) is never restarted after a signal, even when it does not wait: this repeats it.
 * @throws SyscallError
 */
export function pollNow(fd: number, wanted: number): number {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(wanted, 4);
  for (;;) {
    if (pollCall(entry, 1, 0) >= 0) return entry.readInt16LE(6);
    const errno = koffi.errno();
    if (errno !== EINTR) throw new SyscallError('poll', errno, String(fd));
  }
}
