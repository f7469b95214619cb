import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

const ioctl = libc.func('int ioctl(int fd, ulong request, void *argument)');

const fcntl = libc.func('int fcntl(int fd, int command, int argument)');

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;
const TIOCSWINSZ = 0x5414;
const TIOCGWINSZ = 0x5413;

/**
 * Sets a terminal's size. Its foreground process group gets SIGWINCH (ioctl_tty(2)). The kernel's fields have 16 bits:
 * higher bits are dropped.
 */
export function setTerminalSize(fd: number, rows: number, columns: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows & 0xffff, 0);
  size.writeUInt16LE(columns & 0xffff, 2);
  check(ioctl(fd, TIOCSWINSZ, size), 'TIOCSWINSZ', fd);
}

export function terminalSize(fd: number): { readonly rows: number; readonly columns: number } {
  const size = Buffer.alloc(8);
  check(ioctl(fd, TIOCGWINSZ, size), 'TIOCGWINSZ', fd);
  return { rows: size.readUInt16LE(0), columns: size.readUInt16LE(2) };
}

/** Makes reads and writes of this open file return EAGAIN instead of waiting, in every process that shares it. */
export function setNonBlocking(fd: number): void {
  const flags = check(fcntl(fd, F_GETFL, 0), 'fcntl', 'F_GETFL');
  check(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl', 'F_SETFL');
}
