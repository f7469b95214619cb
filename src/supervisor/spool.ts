import type { Buffer } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { punchHole, splice } from '../linux/index.ts';

/**
 * Number of bytes of a stream that stay readable after they are in the log: an attached client may not have got them
 * yet.
 */
const KEPT_BYTES = 512 * 1024;
const PUNCH_BYTES = 1024 * 1024;

/**
 * One stream of a task on its way from the pipe to log and clients, kept in a file. The kernel moves the bytes there,
 * so that they are never in this process alone. A byte's position in the file is its number in the stream. Bytes that
 * nobody needs any more become a hole. The first byte makes the file, which is deleted with the task's folder.
 */
export class Spool implements Disposable {
  readonly #path: string;
  #fd = -1;
  #size = 0;
  #kept = 0;
  /** Whether the disk is full or cannot punch holes: from then on bytes pass through memory. */
  #broken = false;

  /** Opens the spool of a predecessor at `path`, if there is one. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'r+');
      this.#size = fstatSync(this.#fd).size;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Number of bytes of the stream so far. */
  get size(): number {
    return this.#size;
  }

  get isBroken(): boolean {
    return this.#broken;
  }

  /** Moves bytes from a pipe to the end. Returns their number, 0 at the pipe's end, -1 when the pipe is empty now. */
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

  /** Counts bytes that bypassed a broken spool. */
  skip(length: number): void {
    this.#size += length;
  }

  /** Reads into `target` from a position on. Returns the number of bytes. */
  read(target: Buffer, position: number): number {
    return this.#fd < 0 ? 0 : readSync(this.#fd, target, 0, target.length, position);
  }

  /** Marks the bytes before `position` as no longer needed. Their space is freed later. */
  release(position: number): void {
    const free = Math.min(position, this.#size - KEPT_BYTES);
    if (this.#fd < 0 || free - this.#kept < PUNCH_BYTES) return;
    if (punchHole(this.#fd, this.#kept, free - this.#kept)) this.#kept = free;
    else this.giveUp();
  }

  /** Deletes the file, so that nobody takes its content for the end of the stream. */
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
