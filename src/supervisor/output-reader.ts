import { Buffer } from 'node:buffer';
import { closeSync, readSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { type Readiness, type ReadinessWatch, splice } from '../linux/index.ts';
import type { Spool } from './spool.ts';

/** Largest number of bytes that a reader delivers at once. */
export const CHUNK_BYTES = 64 * 1024;
/** One buffer for all readers: a chunk is consumed before the next read. */
const shared = Buffer.allocUnsafeSlow(CHUNK_BYTES);
/** Number of chunks of one stream before other streams are read. */
const TURN_CHUNKS = 2;

export interface OutputEvents {
  /**
   * `bytes` is valid only during the call. `end` is the position in the stream after them. Returning false pauses the
   * reader until {@link OutputReader.resume}.
   */
  readonly onChunk: (bytes: Buffer, end: number) => boolean;
  /** Called once, after the last byte. */
  readonly onEnd: () => void;
}

/** The source of a task's output. The reader owns the descriptors. */
export interface OutputSource {
  /** Read end of a FIFO. Undefined when only the spool has output. */
  readonly pipe: number | undefined;
  /** A pty's master. Its bytes cannot be spliced to a file: they go through the pipe, whose write end is here too. */
  readonly pty?: { readonly master: number; readonly pipe: number };
}

export interface ReaderParts {
  readonly source: OutputSource;
  readonly spool: Spool;
  /** Position of the first byte to deliver: the bytes before it are in the log already. */
  readonly from: number;
  readonly readiness: Readiness;
}

/** Reads a stream through its spool to its end. Starts paused: call {@link resume}. */
export class OutputReader {
  readonly #parts: ReaderParts;
  readonly #events: OutputEvents;
  readonly #watch: ReadinessWatch | undefined;
  #at: number;
  #paused = true;
  #scheduled = false;
  #sourceEnded: boolean;
  #ended = false;

  constructor(parts: ReaderParts, events: OutputEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#at = Math.min(parts.from, parts.spool.size);
    const { pipe, pty } = parts.source;
    this.#sourceEnded = pipe === undefined;
    const watched = pty?.master ?? pipe;
    if (watched !== undefined) this.#watch = parts.readiness.watch(watched, () => this.#pump());
  }

  resume(): void {
    if (this.#ended) return;
    this.#paused = false;
    this.#schedule();
  }

  /** Stops reading and drops the rest. `onEnd` follows. */
  destroy(): void {
    this.#finish();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (let chunks = 0; !this.#paused && !this.#ended; chunks++) {
      if (chunks === TURN_CHUNKS) {
        this.#schedule();
        return;
      }
      const length = this.#next();
      if (length > 0) {
        this.#at += length;
        if (!this.#events.onChunk(shared.subarray(0, length), this.#at)) this.#paused = true;
      } else if (this.#sourceEnded) this.#finish();
      else {
        this.#watch?.arm();
        return;
      }
    }
  }

  /** Fills {@link shared}. Returns the number of bytes, 0 when there are none now. */
  #next(): number {
    const { spool } = this.#parts;
    if (spool.isBroken) this.#at = spool.size;
    if (this.#at < spool.size) return spool.read(shared, this.#at);
    if (this.#sourceEnded) return 0;
    const ended = !this.#relay();
    const taken = spool.isBroken ? this.#readPipe() : spool.take(this.#parts.source.pipe as number, CHUNK_BYTES);
    if (taken < 0 && spool.isBroken) return this.#next();
    if (taken === 0 || (taken < 0 && ended)) this.#sourceEnded = true;
    if (taken <= 0) return 0;
    return spool.isBroken ? taken : spool.read(shared, this.#at);
  }

  /** Moves bytes from the pty into the pipe. Returns false at the pty's end. */
  #relay(): boolean {
    const { pty } = this.#parts.source;
    if (pty === undefined) return true;
    try {
      return splice(pty.master, pty.pipe, CHUNK_BYTES) !== 0;
    } catch {
      // EIO: the last process on the other side has ended.
      return false;
    }
  }

  #readPipe(): number {
    try {
      const length = readSync(this.#parts.source.pipe as number, shared, 0, CHUNK_BYTES, null);
      this.#parts.spool.skip(length);
      return length;
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return -1;
      return 0;
    }
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watch?.[Symbol.dispose]();
    const { pipe, pty } = this.#parts.source;
    for (const fd of [pipe, pty?.master, pty?.pipe]) if (fd !== undefined) closeSync(fd);
    this.#events.onEnd();
  }
}
