import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { BufferPool } from '../base/buffer-pool.ts';
import { isHungUp } from '../linux/index.ts';
import type { AttachLine } from '../spec/index.ts';

/** Number of bytes that a client may lag before the container waits for it. */
const BEHIND_BYTES = 256 * 1024;

export const FRAME_HEAD_BYTES = 8;

export interface AttachmentEvents {
  /** Called when the client has caught up or has disconnected. */
  readonly onDrain: () => void;
  /** Called once, when the client has half-closed (its stdin has ended) or has disconnected. */
  readonly onInputEnd: () => void;
  readonly onClose: () => void;
}

export type OutputKind = 1 | 2;

/** One client's connection to a task: output to it, stdin from it. It waits without a task until {@link bind}. */
export class Attachment {
  readonly #socket: Socket;
  readonly #wants: AttachLine;
  #events: AttachmentEvents | undefined;
  #inputEnded = false;
  #closed = false;

  /** `socket` is paused, with `allowHalfOpen`. `early` holds bytes that were read from it already. */
  constructor(socket: Socket, wants: AttachLine, early: Buffer) {
    this.#socket = socket;
    this.#wants = wants;
    if (early.length > 0) socket.unshift(early);
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => this.#events?.onDrain());
    socket.on('end', () => this.#endInput());
    socket.on('close', () => {
      this.#closed = true;
      this.#endInput();
      this.#events?.onDrain();
      this.#events?.onClose();
    });
    // Without stdin the socket is read at once, to notice when the client disconnects.
    if (!wants.stdin) socket.resume();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the container should wait for this client. */
  get behind(): boolean {
    return !this.#closed && this.#socket.writableLength > BEHIND_BYTES;
  }

  wants(kind: OutputKind): boolean {
    return kind === 1 ? this.#wants.stdout : this.#wants.stderr;
  }

  get wantsStdin(): boolean {
    return this.#wants.stdin;
  }

  /** Connects to a task. An end of input or a close that came before is reported at once. */
  bind(events: AttachmentEvents): void {
    this.#events = events;
    if (this.#inputEnded) events.onInputEnd();
    if (this.#closed) events.onClose();
  }

  /** Starts to read stdin. `take` returns false when it wants no more until {@link resumeInput}. */
  readInput(take: (bytes: Buffer) => boolean): void {
    this.#socket.on('data', (bytes: Buffer) => {
      if (!take(bytes)) this.#socket.pause();
    });
    this.#socket.resume();
  }

  resumeInput(): void {
    if (!this.#closed) this.#socket.resume();
  }

  /** Queues bytes. Check {@link behind} afterwards. `sent` is called once, when the connection no longer needs them. */
  send(bytes: Buffer, sent: () => void): void {
    if (this.#closed) sent();
    else this.#socket.write(bytes, sent);
  }

  /** Ends the connection after the last byte of output. The client may still be reading; its input is discarded. */
  end(): void {
    this.#socket.end();
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    // A client that never closes its half is not waited for once it has everything.
    this.#socket.once('finish', () => setTimeout(() => this.#socket.destroy(), 1000).unref());
  }

  drop(): void {
    this.#socket.destroy();
  }

  /**
   * Closes the connection when the client has disconnected unnoticed: after its half-close only a write would show it.
   */
  dropIfGone(): void {
    if (this.#inputEnded && !this.#closed && isHungUp(this.#socket)) this.#socket.destroy();
  }

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#events?.onInputEnd();
    this.dropIfGone();
  }
}

/** Returns Docker's multiplexed frame: stream, three zeros, length in big endian, bytes. Copies `bytes`. */
export function frame(kind: OutputKind, bytes: Buffer, pool: BufferPool): Buffer {
  const framed = pool.take(FRAME_HEAD_BYTES + bytes.length);
  framed.writeUInt32BE(kind << 24, 0);
  framed.writeUInt32BE(bytes.length, 4);
  bytes.copy(framed, FRAME_HEAD_BYTES);
  return framed;
}
