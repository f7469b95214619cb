import { Readable } from 'node:stream';
import { after } from '../../base/after.ts';
import type { LogSource } from '../model/log-source.ts';
import type { LogOptions } from '../model/requests.ts';
import { EntryDecoder } from './entry-decoder.ts';
import { findTail } from './find-tail.ts';
import { BLOCK_BYTES, blocksOf } from './log-blocks.ts';
import { closeLogFiles, inodeAt, type LogFileHandle, openLogFiles } from './log-files.ts';
import { LogFollower } from './log-follower.ts';

/**
 * Reads a container's log with its rotated files, oldest first: raw with a terminal, else in Docker's frames. With
 * `ended` it continues until `ended` settles and everything is read. Memory does not depend on the log's size. A stream
 * that is destroyed, or whose signal is aborted, leaves nothing open.
 */
export function readLog(source: LogSource, options: LogOptions, signal: AbortSignal): Readable {
  const stop = new AbortController();
  const chunks = read(source, options, stop.signal);
  const stream = new Readable({
    highWaterMark: BLOCK_BYTES,
    read() {
      void pull(this, chunks);
    },
    // Not `Readable.from`: its destroy waits for the next chunk, which may never come.
    destroy(error, callback) {
      stop.abort();
      const done = (): void => callback(error);
      chunks.return(undefined).then(done, done);
    },
  });
  const abort = (): void => {
    stream.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
  if (signal.aborted) abort();
  return stream;
}

/** Reads one chunk per request: a stream asks again when it wants more. */
async function pull(stream: Readable, chunks: AsyncGenerator<Buffer>): Promise<void> {
  try {
    const { done, value } = await chunks.next();
    if (!stream.destroyed) stream.push(done === true ? null : value);
  } catch (error) {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function* read(source: LogSource, options: LogOptions, stop: AbortSignal): AsyncGenerator<Buffer> {
  const decoder = new EntryDecoder({
    stdout: options.stdout,
    stderr: options.stderr,
    timestamps: options.timestamps,
    details: options.details,
    framed: !source.tty,
    tracksPosition: source.ended !== undefined,
    since: options.since,
    until: options.until,
  });
  using watching = new DisposableStack();
  const follower = source.ended === undefined ? undefined : watching.use(openFollower(source, options, stop, watching));
  const files = await openLogFiles(source.path);
  const reading = new Reading(source.path, decoder, files);
  try {
    yield* reading.present(options);
    if (follower !== undefined) yield* reading.future(follower, stop);
    yield* reading.rest();
  } finally {
    await reading.close();
  }
}

interface Following {
  readonly changes: LogFollower;
  /** Returns true when nothing more will be written. */
  readonly over: () => boolean;
  readonly [Symbol.dispose]: () => void;
}

/** Watches before anything is read, so that no change is missed. */
function openFollower(
  { path, ended }: LogSource,
  { until }: LogOptions,
  stop: AbortSignal,
  resources: DisposableStack,
): Following {
  const changes = new LogFollower(path);
  let over = false;
  const end = (): void => {
    over = true;
    changes.nudge();
  };
  ended?.then(end, end);
  stop.addEventListener('abort', end, { once: true });
  if (until !== undefined) {
    const delay = Number(until / 1_000_000n) - Date.now();
    const timer = after(delay, end);
    resources.defer(() => timer.cancel());
  }
  return { changes, over: () => over, [Symbol.dispose]: () => changes[Symbol.dispose]() };
}

/**
 * One pass over a log: open files, oldest first, and the position in the first of them. The last file is the one being
 * written.
 */
class Reading {
  readonly #path: string;
  readonly #decoder: EntryDecoder;
  #files: LogFileHandle[];
  #position = 0;

  constructor(path: string, decoder: EntryDecoder, files: LogFileHandle[]) {
    this.#path = path;
    this.#decoder = decoder;
    this.#files = files;
  }

  /** Yields the existing entries. The newest file stays open. */
  async *present(options: LogOptions): AsyncGenerator<Buffer> {
    const start =
      options.tail < 0 ? { file: 0, position: 0 } : await findTail(this.#files, options.tail, options.until);
    await closeLogFiles(this.#files.splice(0, start.file));
    this.#position = start.position;
    const oldestMs = options.since === undefined ? 0 : Number(options.since / 1_000_000n);
    for (;;) {
      const [oldest] = this.#files;
      if (this.#files.length < 2 || oldest === undefined || oldest.modifiedMs >= oldestMs) break;
      await this.#drop();
    }
    yield* this.#catchUp();
  }

  /** Yields new entries until the log has ended and everything is read. */
  async *future(following: Following, stop: AbortSignal): AsyncGenerator<Buffer> {
    while (!this.#decoder.finished && !stop.aborted) {
      // Asked before reading, so that everything written before the end is read.
      const over = following.over();
      yield* this.#catchUp();
      if (await this.#moveOn()) continue;
      if (over) return;
      await following.changes.changed();
    }
  }

  /** A crash leaves a last line without its newline. It is shown when it is an entry. */
  *rest(): Generator<Buffer> {
    this.#decoder.endFile();
    yield* this.#decoder.take();
  }

  async close(): Promise<void> {
    await closeLogFiles(this.#files.splice(0));
  }

  async *#catchUp(): AsyncGenerator<Buffer> {
    while (this.#files.length > 1 && !this.#decoder.finished) {
      yield* this.#drain();
      await this.#drop();
    }
    const [file] = this.#files;
    if (file === undefined) return;
    if (!file.compressed && (await file.handle.stat()).size < this.#position) {
      // The log rotates with a single file: the file begins anew.
      this.#decoder.dropPartialLine();
      this.#position = 0;
    }
    yield* this.#drain();
  }

  async *#drain(): AsyncGenerator<Buffer> {
    const [file] = this.#files;
    if (file === undefined) return;
    for await (const block of blocksOf(file, this.#position)) {
      this.#decoder.write(block);
      this.#position += block.length;
      yield* this.#decoder.take();
      if (this.#decoder.finished) return;
    }
  }

  /** Closes the oldest file. */
  async #drop(): Promise<void> {
    this.#decoder.endFile();
    this.#position = 0;
    await this.#files.shift()?.handle.close();
  }

  /**
   * After a rotation: opens the files that are newer than the one just read. Returns true when there is something to
   * read.
   */
  async #moveOn(): Promise<boolean> {
    const [current] = this.#files;
    const inode = await inodeAt(this.#path);
    if (inode === undefined || inode === current?.inode) return false;
    if (current !== undefined) {
      // The file was written until the moment of the rotation.
      if ((await current.handle.stat()).size > this.#position) return true;
      await this.#drop();
    }
    const files = await openLogFiles(this.#path);
    const known = current === undefined ? -1 : files.findIndex((file) => file.inode === current.inode);
    // The file was compressed meanwhile and has another inode: entries already shown are recognised by their time then.
    if (current !== undefined && known < 0) this.#decoder.skipSeen();
    await closeLogFiles(files.splice(0, known + 1));
    this.#files = files;
    return files.length > 0;
  }
}
