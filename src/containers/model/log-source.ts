import type { Readable } from 'node:stream';
import type { LogOptions } from './requests.ts';

/** A container's log, as the supervisor keeps it. */
export interface LogSource {
  readonly path: string;
  readonly tty: boolean;
  /** Resolves when nothing more will be written. Undefined when that is so already. */
  readonly ended: Promise<unknown> | undefined;
}

/** Reads a log with its rotated files: raw with a terminal, else in Docker's frames. */
export type ReadLog = (source: LogSource, options: LogOptions, signal: AbortSignal) => Readable;
