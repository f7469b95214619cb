import { formatNanos } from '../../base/time.ts';
import { wallTimeNanos } from '../../linux/index.ts';
import type { LogSpec } from '../../spec/index.ts';
import { EntryEncoder, type EntrySink, type StreamName } from './entry-encoder.ts';
import { LogFile, type LogFileEvents, type LogFileParts } from './log-file.ts';
import type { LogPositions } from './log-journal.ts';

/** For streams that begin, without a record for a successor. */
const FRESH: LogFileParts = { journal: undefined, positions: { stdout: 0, stderr: 0 } };

/** A container's log: both streams encoded into one file. */
export class TaskLog {
  readonly #file: LogFile;
  readonly #encoders = new Map<StreamName, EntryEncoder>();
  readonly #spec: LogSpec;

  constructor(spec: LogSpec, events: LogFileEvents, parts: LogFileParts = FRESH) {
    this.#spec = spec;
    this.#file = new LogFile(spec, events, parts);
  }

  /** Whether the container should wait before it writes more. */
  get congested(): boolean {
    return this.#file.congested;
  }

  /** The positions up to which the streams are in the file. */
  get positions(): LogPositions {
    return this.#file.positions;
  }

  /** `end` is the position in the stream after `bytes`. The caller may reuse `bytes` afterwards. */
  write(stream: StreamName, bytes: Buffer, end?: number): void {
    let encoder = this.#encoders.get(stream);
    if (encoder === undefined) {
      encoder = new EntryEncoder(new StreamSink(this.#file, stream), stream, this.#spec.attrs);
      this.#encoders.set(stream, encoder);
    }
    encoder.write(bytes, formatNanos(wallTimeNanos()), end);
  }

  end(stream: StreamName): void {
    this.#encoders.get(stream)?.end(formatNanos(wallTimeNanos()));
  }

  flushed(): Promise<void> {
    return this.#file.flushed();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** One stream's way into the file. A class: V8 inlines its methods, and a closure of each log not. */
class StreamSink implements EntrySink {
  readonly #file: LogFile;
  readonly #stream: StreamName;

  constructor(file: LogFile, stream: StreamName) {
    this.#file = file;
    this.#stream = stream;
  }

  full(pendingBytes: number): boolean {
    return this.#file.full(pendingBytes);
  }

  write(entries: Buffer, done: number): void {
    this.#file.write(entries, this.#stream, done);
  }

  rotate(): void {
    this.#file.rotate();
  }
}
