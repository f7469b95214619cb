import { formatNanos } from '../../base/time.ts';
import { wallTimeNanos } from '../../linux/index.ts';
import type { LogSpec } from '../../spec/index.ts';
import { EntryEncoder, type StreamName } from './entry-encoder.ts';
import { LogFile, type LogFileEvents } from './log-file.ts';

/** A container's log: both streams encoded into one file. */
export class TaskLog {
  readonly #file: LogFile;
  readonly #encoders = new Map<StreamName, EntryEncoder>();
  readonly #spec: LogSpec;

  constructor(spec: LogSpec, events: LogFileEvents) {
    this.#spec = spec;
    this.#file = new LogFile(spec, events);
  }

  /** The container should wait before it writes more. */
  get congested(): boolean {
    return this.#file.congested;
  }

  /** `bytes` may be reused by the caller afterwards. */
  write(stream: StreamName, bytes: Buffer): void {
    let encoder = this.#encoders.get(stream);
    if (encoder === undefined) {
      encoder = new EntryEncoder(this.#file, stream, this.#spec.attrs);
      this.#encoders.set(stream, encoder);
    }
    encoder.write(bytes, formatNanos(wallTimeNanos()));
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
