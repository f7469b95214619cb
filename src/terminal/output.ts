import { writeSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';

/** Standard output or error. It writes synchronously and in order, so that nothing is lost when the process ends. */
export class Output {
  readonly #fd: number;

  constructor(fd: 1 | 2) {
    this.#fd = fd;
  }

  write(data: string | Uint8Array): void {
    let rest: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        const code = errnoOf(error);
        // Another process has made the pipe non-blocking, and it is full: wait for its reader.
        if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
        // The reader has closed the pipe (`gantry logs x | head`): end as SIGPIPE would.
        else if (code === 'EPIPE') process.exit(141);
        else throw error;
      }
    }
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  get isTerminal(): boolean {
    return isTerminal(this.#fd);
  }
}

/** Loads Node's tty module at the first call: most commands never need it. */
export function isTerminal(fd: number): boolean {
  const { isatty } = process.getBuiltinModule('node:tty');
  return isatty(fd);
}
