import type { Buffer } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { punchHole, splice } from '../linux/index.ts';

/** How much of a stream stays readable behind its end: what an attached client may not have been sent yet. */
const KEPT_BYTES = 512 * 1024;
const PUNCH_BYTES = 1024 * 1024;

/**
 * One stream of a task on its way from the pipe to log and clients, in a file: bytes are moved there by the kernel, so no instant exists in
 * which this process alone has them. A byte's position in the file is its number in the stream; bytes that nobody needs any more become a
 * hole. The file is made with the first byte, and goes with the task's folder.
 */
export class Spool implements Disposable {
  readonly #path: string;
  #fd = -1;
  #size = 0;
  #kept = 0;
  /** The disk is full, or cannot punch holes: bytes pass through memory from then on. */
  #broken = false;

  /** Finds what a predecessor has left at `path`. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'r+');
      this.#size = fstatSync(this.#fd).size;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Bytes of the stream so far. */
  get size(): number {
    return this.#size;
  }

  get isBroken(): boolean {
    return this.#broken;
  }

  /** Moves what a pipe holds to the end; returns the number of bytes, 0 at the pipe's end, -1 when it holds nothing now. */
  take(pipe: number, length: number): number {
    try {
      if (this.#fd < 0) this.#fd = openSync(this.#path, 'w+', 0o600);
      const moved = splice(pipe, this.#fd, length, this.#size);
      if (moved > 0) this.#size += moved;
      return moved;
    } catch {
      this.giveUp();
      return -1;
    }
  }

  /** Counts bytes that went past a broken spool. */
  skip(length: number): void {
    this.#size += length;
  }

  /** Reads into `target` from a position on; returns the number of bytes. */
  read(target: Buffer, position: number): number {
    return this.#fd < 0 ? 0 : readSync(this.#fd, target, 0, target.length, position);
  }

  /** Everything before `position` is in the log, or has none: its space is given back some time. */
  release(position: number): void {
    const free = Math.min(position, this.#size - KEPT_BYTES);
    if (this.#fd < 0 || free - this.#kept < PUNCH_BYTES) return;
    if (punchHole(this.#fd, this.#kept, free - this.#kept)) this.#kept = free;
    else this.giveUp();
  }

  /** Without the file nobody takes its rest for the end of the stream. */
  giveUp(): void {
    this.#broken = true;
    this[Symbol.dispose]();
    rmSync(this.#path, { force: true });
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
