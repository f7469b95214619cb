import type { ContainerRecord } from './record.ts';

/** The log of a container that was removed and asked that its log be kept. */
export interface RemovedLog {
  readonly id: string;
  readonly name: string;
  /** Whether the container had a terminal. */
  readonly tty: boolean;
  readonly removedAtMs: number;
  readonly untilMs: number;
  /** Of the file that was written last. Rotated files are beside it. */
  readonly path: string;
}

/** Keeps logs of removed containers (`logs/removed`). */
export interface RemovedLogs {
  /** Moves the log of a container that is being removed, when it asks for that. Never rejects. */
  keep(record: ContainerRecord): Promise<void>;
  /** By id, the beginning of an id, or name. */
  find(ref: string): RemovedLog | undefined;
  /** Removes logs whose time is over, now and later. */
  sweep(): Promise<void>;
  close(): void;
}
