import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

const epollCreate = libc.func('int epoll_create1(int flags)');
const epollControl = libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)');
const epollWait = libc.func('int epoll_wait(int epoll, void *events, int count, int milliseconds)');
const eventfd = libc.func('int eventfd(uint value, int flags)');
const writeCall = libc.func('long write(int fd, void *bytes, ulong length)');

const CLOEXEC = 0x80000;
const NONBLOCK = 0x800;
const CTL = { add: 1, remove: 2, change: 3 } as const;
const EPOLLIN = 0x001;
const EPOLLPRI = 0x002;
const EPOLLONESHOT = 0x40000000;
/** struct epoll_event is packed only on x86-64. */
const EVENT = process.arch === 'x64' ? { bytes: 12, fdAt: 4 } : { bytes: 16, fdAt: 8 };
const EVENTS = 64;
/** A process that ends by an exception joins the waiting thread: that must not take long. */
const WAIT_MILLISECONDS = 2000;
const ENOENT = 2;

/**
 * Opens a counter that a process or the kernel increments (eventfd(2)). CLOEXEC and non-blocking. The caller closes it.
 */
export function openEventCounter(): number {
  return check(eventfd(0, CLOEXEC | NONBLOCK), 'eventfd');
}

/** One watched descriptor. See {@link Readiness}. */
export interface ReadinessWatch extends Disposable {
  /** Requests one call of the listener, when the descriptor has data, an end, or an error. */
  arm(): void;
}

/**
 * Reports readable descriptors without reading them: libuv would read into memory that is lost with the process. One
 * thread of libuv's pool waits in epoll_wait(2) while any descriptor is watched.
 */
export class Readiness implements Disposable {
  readonly #epoll = check(epollCreate(CLOEXEC), 'epoll_create1');
  readonly #waker = check(eventfd(0, CLOEXEC), 'eventfd');
  readonly #listeners = new Map<number, () => void>();
  readonly #events = Buffer.alloc(EVENT.bytes * EVENTS);
  readonly #event = Buffer.alloc(EVENT.bytes);
  #waits = false;
  #closed = false;

  constructor() {
    this.#control(CTL.add, this.#waker, EPOLLIN);
  }

  /**
   * Watches an open descriptor; with `urgent` for urgent data (EPOLLPRI). Dispose the watch before closing the
   * descriptor.
   */
  watch(fd: number, listener: () => void, options: { readonly urgent: boolean } = { urgent: false }): ReadinessWatch {
    const wanted = (options.urgent ? EPOLLPRI : EPOLLIN) | EPOLLONESHOT;
    this.#control(CTL.add, fd, EPOLLONESHOT);
    this.#listeners.set(fd, listener);
    return {
      arm: () => {
        if (this.#listeners.get(fd) !== listener) return;
        this.#control(CTL.change, fd, wanted);
        this.#wait();
      },
      [Symbol.dispose]: () => {
        if (this.#listeners.get(fd) !== listener) return;
        this.#listeners.delete(fd);
        this.#control(CTL.remove, fd, 0);
        if (this.#listeners.size === 0) this.#wake();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#listeners.clear();
    if (this.#waits) this.#wake();
    else this.#close();
  }

  #wait(): void {
    if (this.#waits || this.#closed) return;
    this.#waits = true;
    epollWait.async(this.#epoll, this.#events, EVENTS, WAIT_MILLISECONDS, (_error: unknown, count: number) => {
      // A listener that arms again begins the next wait, which writes into the same memory.
      const ready = Array.from({ length: Math.max(count, 0) }, (_, at) =>
        this.#events.readInt32LE(at * EVENT.bytes + EVENT.fdAt),
      );
      this.#waits = false;
      for (const fd of ready) this.#tell(fd);
      if (this.#closed) this.#close();
      else if (this.#listeners.size > 0) this.#wait();
    });
  }

  #tell(fd: number): void {
    if (fd === this.#waker) this.#control(CTL.change, fd, EPOLLONESHOT);
    else this.#listeners.get(fd)?.();
  }

  /** Ends the thread's wait. */
  #wake(): void {
    this.#control(CTL.change, this.#waker, EPOLLIN | EPOLLONESHOT);
    const one = Buffer.alloc(8);
    one.writeUInt8(1, 0);
    writeCall(this.#waker, one, 8);
  }

  #close(): void {
    closeSync(this.#epoll);
    closeSync(this.#waker);
  }

  #control(operation: number, fd: number, events: number): void {
    this.#event.writeUInt32LE(events, 0);
    this.#event.writeInt32LE(fd, EVENT.fdAt);
    if (epollControl(this.#epoll, operation, fd, this.#event) === 0) return;
    const errno = koffi.errno();
    if (operation !== CTL.remove || errno !== ENOENT) throw new SyscallError('epoll_ctl', errno, String(fd));
  }
}
