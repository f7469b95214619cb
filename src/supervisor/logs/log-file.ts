import { closeSync, fstatSync, ftruncateSync, openSync, writev } from 'node:fs';
import { BufferPool } from '../../base/buffer-pool.ts';
import type { LogSpec } from '../../spec/index.ts';
import { compressFile } from './compress-file.ts';
import type { StreamName } from './entry-encoder.ts';
import type { LogJournal, LogPositions } from './log-journal.ts';
import { rotateFiles } from './rotate-files.ts';

/** With more queued bytes the container waits for the disk. */
const QUEUE_BYTES = 4 * 1024 * 1024;
/** One for all logs. The pieces hold what the encoder writes at a time. */
const copies = new BufferPool({ bytes: 256 * 1024, keep: 16 });
const NEWLINE = 10;
const MODE = 0o640;

export interface LogFileEvents {
  /** Called when entries are lost, once until writing works again. */
  readonly onError: (error: unknown) => void;
  /** Called when the positions cannot be recorded: a successor could repeat streams. */
  readonly onJournalError?: (error: unknown) => void;
  /** Called when the log cannot be rotated or compressed, once until it can. No entry is lost. */
  readonly onRotationError?: (error: unknown) => void;
  /** Called when the queue is empty after it was congested. */
  readonly onDrain: () => void;
}

/** Entries of one stream, up to a position in it. */
interface Entries {
  readonly bytes: Buffer;
  readonly stream: StreamName;
  readonly done: number;
}

export interface LogFileParts {
  readonly journal: LogJournal | undefined;
  /** The positions at which the streams begin. */
  readonly positions: LogPositions;
}

/**
 * A json-file log on disk. Entries are queued and written by libuv's pool, so that a slow disk never delays other
 * containers. Entries that cannot be written are dropped, and a partial entry never stays. It rotates as Docker does:
 * when the file has reached its size before an entry, `x` becomes `x.1` (`x.1.gz` with compression), `x.1` becomes
 * `x.2`, up to `maxFiles` files.
 */
export class LogFile {
  readonly #spec: LogSpec;
  readonly #events: LogFileEvents;
  readonly #journal: LogJournal | undefined;
  readonly #idle: (() => void)[] = [];
  #fd = -1;
  /** Size of the file once everything queued is written. After a failed rotation: the bytes since then. */
  #size = 0;
  /** Current size and inode of the file. */
  #writtenSize = 0;
  #inode = 0;
  #positions: LogPositions;
  #queue: (Entries | 'rotate')[] = [];
  #queuedBytes = 0;
  #busy = false;
  #congested = false;
  #failing = false;
  #rotationFailing = false;
  #compressing: Promise<void> | undefined;

  constructor(spec: LogSpec, events: LogFileEvents, { journal, positions }: LogFileParts) {
    this.#spec = spec;
    this.#events = events;
    this.#journal = journal;
    this.#positions = positions;
    this.#open('a');
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** The positions up to which the streams are in the file, or lost. */
  get positions(): LogPositions {
    return this.#positions;
  }

  full(pendingBytes: number): boolean {
    return this.#spec.maxSizeBytes > 0 && this.#size + pendingBytes >= this.#spec.maxSizeBytes;
  }

  write(entries: Buffer, stream: StreamName, done: number): void {
    this.#size += entries.length;
    this.#queuedBytes += entries.length;
    this.#congested ||= this.#queuedBytes > QUEUE_BYTES;
    this.#queue.push({ bytes: copies.copy(entries), stream, done });
    if (!this.#busy) void this.#pump();
  }

  rotate(): void {
    this.#size = 0;
    this.#queue.push('rotate');
    if (!this.#busy) void this.#pump();
  }

  /** Resolves when everything written so far is in the file, or lost. */
  flushed(): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    await this.flushed();
    this.#closeFile();
    this.#journal?.[Symbol.dispose]();
    await this.#compressing;
  }

  async #pump(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      if (this.#queue[0] === 'rotate') {
        this.#queue.shift();
        await this.#compressing;
        this.#announce(0, this.#positions);
        this.#rotate();
        continue;
      }
      const next = this.#queue.indexOf('rotate');
      const batch = this.#queue.splice(0, next < 0 ? this.#queue.length : next) as Entries[];
      const bytes = batch.reduce((sum, entries) => sum + entries.bytes.length, 0);
      const after = { ...this.#positions };
      for (const { stream, done } of batch) after[stream] = done;
      this.#announce(bytes, after);
      await this.#writeBatch(
        batch.map((entries) => entries.bytes),
        bytes,
      );
      this.#positions = after;
      for (const entries of batch) copies.give(entries.bytes);
      this.#queuedBytes -= bytes;
    }
    this.#busy = false;
    if (this.#congested) {
      this.#congested = false;
      this.#events.onDrain();
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Records the bytes that are about to be appended. */
  #announce(bytes: number, after: LogPositions): void {
    const [sizeBefore, before] = [this.#writtenSize, this.#positions];
    const inode = bytes === 0 ? 0 : this.#inode;
    try {
      this.#journal?.write({ inode, sizeBefore, sizeAfter: sizeBefore + bytes, before, after });
    } catch (error) {
      this.#events.onJournalError?.(error);
    }
  }

  async #writeBatch(batch: readonly Buffer[], bytes: number): Promise<void> {
    if (this.#fd < 0 && !this.#open('a')) return;
    let rest = batch;
    let left = bytes;
    let half = 0;
    try {
      for (;;) {
        const written = await append(this.#fd, rest);
        if (written === left) break;
        // The disk is nearly full, or the write was interrupted: continue where it stopped.
        const all = Buffer.concat(rest);
        half = written - (all.lastIndexOf(NEWLINE, written - 1) + 1);
        rest = [all.subarray(written)];
        left -= written;
      }
      this.#failing = false;
      this.#writtenSize += bytes;
    } catch (error) {
      this.#report(error);
      this.#resize(half);
    }
  }

  /** After a failure: removes the last `half` bytes, and reads the true size. */
  #resize(half: number): void {
    try {
      const size = fstatSync(this.#fd).size - half;
      if (half > 0) ftruncateSync(this.#fd, size);
      this.#size = size;
      this.#writtenSize = size;
    } catch (error) {
      this.#report(error);
    }
  }

  /** When the files cannot be renamed, the log goes on in the same file. The next rotation tries again. */
  #rotate(): void {
    const { path, maxFiles, compress } = this.#spec;
    if (maxFiles >= 2) {
      try {
        rotateFiles(path, maxFiles);
      } catch (error) {
        this.#reportRotation(error);
        return;
      }
      if (compress) this.#compressing = this.#compress(`${path}.1`);
      else this.#rotationFailing = false;
    }
    this.#closeFile();
    this.#open('w');
  }

  async #compress(path: string): Promise<void> {
    try {
      await compressFile(path);
      this.#rotationFailing = false;
    } catch (error) {
      this.#reportRotation(error);
    }
  }

  #open(flags: 'a' | 'w'): boolean {
    try {
      // Truncated once, then opened for appending: a follower may have the file open.
      if (flags === 'w') closeSync(openSync(this.#spec.path, 'w', MODE));
      // It never makes the container's folder: a removed container has none.
      this.#fd = openSync(this.#spec.path, 'a', MODE);
      const { size, ino } = fstatSync(this.#fd);
      if (flags === 'a') this.#size = size;
      this.#writtenSize = size;
      this.#inode = ino;
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  #closeFile(): void {
    const fd = this.#fd;
    this.#fd = -1;
    try {
      if (fd >= 0) closeSync(fd);
    } catch (error) {
      // A network file system may tell only here that it could not write.
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#events.onError(error);
  }

  #reportRotation(error: unknown): void {
    if (this.#rotationFailing) return;
    this.#rotationFailing = true;
    this.#events.onRotationError?.(error);
  }
}

function append(fd: number, buffers: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) =>
    writev(fd, buffers, (error, written) => (error === null ? resolve(written) : reject(error))),
  );
}
