import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { isHungUp } from '../linux/index.ts';
import type { AttachLine } from '../spec/index.ts';

/** Bytes a client may be behind before the container waits for it. */
const BEHIND_BYTES = 256 * 1024;

export interface AttachmentEvents {
  /** The client has caught up or is gone. */
  readonly onDrain: () => void;
  /** The client has half-closed (its stdin has ended) or is gone; once. */
  readonly onInputEnd: () => void;
  readonly onClose: () => void;
}

export type OutputKind = 1 | 2;

/** One client's connection to a task: output towards it, stdin from it. Waits without a task until {@link bind}. */
export class Attachment {
  readonly #socket: Socket;
  readonly #wants: AttachLine;
  #events: AttachmentEvents | undefined;
  #inputEnded = false;
  #closed = false;

  /** `socket` is paused, with `allowHalfOpen`. What has been read from it already is in `early`. */
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
    // Read at once when no stdin is wanted, so that a client that goes is noticed.
    if (!wants.stdin) socket.resume();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The container should wait for this client. */
  get behind(): boolean {
    return !this.#closed && this.#socket.writableLength > BEHIND_BYTES;
  }

  wants(kind: OutputKind): boolean {
    return kind === 1 ? this.#wants.stdout : this.#wants.stderr;
  }

  get wantsStdin(): boolean {
    return this.#wants.stdin;
  }

  /** Connects to a task; an end of input or a close that came before is told at once. */
  bind(events: AttachmentEvents): void {
    this.#events = events;
    if (this.#inputEnded) events.onInputEnd();
    if (this.#closed) events.onClose();
  }

  /** Starts the flow of stdin: `take` answers false when it wants no more until {@link resumeInput}. */
  readInput(take: (bytes: Buffer) => boolean): void {
    this.#socket.on('data', (bytes: Buffer) => {
      if (!take(bytes)) this.#socket.pause();
    });
    this.#socket.resume();
  }

  resumeInput(): void {
    if (!this.#closed) this.#socket.resume();
  }

  /** Queues bytes; look at {@link behind} afterwards. `sent` is called once, when the connection is done with them. */
  send(bytes: Buffer, sent: () => void): void {
    if (this.#closed) sent();
    else this.#socket.write(bytes, sent);
  }

  /** After the last byte of output. The client may still be reading; what it sends is discarded. */
  end(): void {
    this.#socket.end();
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    // A client that keeps its half open for ever is not waited for once it has everything.
    this.#socket.once('finish', () => setTimeout(() => this.#socket.destroy(), 1000).unref());
  }

  drop(): void {
    this.#socket.destroy();
  }

  /** Closes when the client is gone without our having noticed: after its half-close only writing would tell. */
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

/** Docker's multiplexed frame: stream, three zeros, length in big endian, bytes. Copies `bytes`. */
export function frame(kind: OutputKind, bytes: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(8 + bytes.length);
  framed.writeUInt32BE(kind << 24, 0);
  framed.writeUInt32BE(bytes.length, 4);
  bytes.copy(framed, 8);
  return framed;
}
