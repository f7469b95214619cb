import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { errnoOf } from '../base/errors.ts';

/**
 * The destination of a task's stdin. `write` returns false when it is full; `onDrain` is called when it can take more.
 */
export interface TaskInput {
  write(bytes: Buffer): boolean;
  /** Ends the process's stdin. Later writes are discarded. */
  end(): void;
  destroy(): void;
}

/** Writes to a FIFO. It is not an error when the process no longer reads. */
export function fifoInput(fd: number, onDrain: () => void): TaskInput {
  const socket = new Socket({ fd, readable: false, writable: true });
  let open = true;
  const stop = (): void => {
    open = false;
    socket.destroy();
    onDrain();
  };
  socket.on('error', stop);
  socket.on('drain', onDrain);
  return {
    write: (bytes) => !open || socket.write(bytes),
    end: () => {
      if (!open) return;
      open = false;
      socket.end(() => socket.destroy());
    },
    destroy: stop,
  };
}

const RETRY_MILLISECONDS = 10;

/**
 * Writes to a pty through its master, which must be non-blocking and stays the caller's. The pty holds at most 4 kB of
 * unread input. libuv cannot wait for space on a master, so that this polls.
 */
export function ptyInput(fd: number, onDrain: () => void): TaskInput {
  let queue: Buffer[] = [];
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const flush = (): void => {
    timer = undefined;
    while (open && queue[0] !== undefined) {
      try {
        const written = writeSync(fd, queue[0]);
        if (written < queue[0].length) queue[0] = queue[0].subarray(written);
        else queue.shift();
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN') {
          timer = setTimeout(flush, RETRY_MILLISECONDS);
          return;
        }
        open = false;
      }
    }
    queue = [];
    onDrain();
  };
  return {
    write: (bytes) => {
      if (!open) return true;
      queue.push(bytes);
      if (timer === undefined) flush();
      return queue.length === 0;
    },
    // A terminal's input does not end with a client, since another may attach.
    end: () => {},
    destroy: () => {
      open = false;
      clearTimeout(timer);
    },
  };
}
