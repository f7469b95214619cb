import { Buffer } from 'node:buffer';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { ReadStream } from 'node:tty';

/** One for all: a chunk is consumed before the next read happens. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

export interface OutputEvents {
  /** `bytes` is valid during the call only. False pauses the reader until {@link OutputReader.resume}. */
  readonly onChunk: (bytes: Buffer) => boolean;
  /** After the last byte; once. */
  readonly onEnd: () => void;
}

/** Reads a FIFO or a pty master to its end without allocating. Starts paused: call {@link resume}. */
export class OutputReader {
  readonly #socket: Socket;
  #ended = false;

  private constructor(open: (options: SocketConstructorOpts) => Socket, events: OutputEvents) {
    const end = (): void => {
      if (this.#ended) return;
      this.#ended = true;
      events.onEnd();
    };
    const callback = (length: number): boolean => events.onChunk(shared.subarray(0, length));
    this.#socket = open({ readable: true, onread: { buffer: shared, callback } });
    this.#socket.on('end', end);
    // A pty master reads EIO when the last process on the other side is gone.
    this.#socket.on('error', end);
    this.#socket.on('close', end);
  }

  /** Takes the descriptor over. */
  static ofFifo(fd: number, events: OutputEvents): OutputReader {
    return new OutputReader((options) => new Socket({ ...options, fd, writable: false }), events);
  }

  /**
   * Takes the descriptor over. It must be non-blocking, and be written to with write(2) only: libuv writes to a master
   * blocking.
   */
  static ofPty(fd: number, events: OutputEvents): OutputReader {
    return new OutputReader((options) => new ReadStream(fd, options), events);
  }

  resume(): void {
    if (!this.#ended) this.#socket.resume();
  }

  /** Stops reading; what is left is lost. `onEnd` follows. */
  destroy(): void {
    this.#socket.destroy();
  }
}
