import type { MessagePort } from 'node:worker_threads';
import type { ErrorKind } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { ArchivedTree } from '../archive/archive-tree.ts';
import type { PathStat } from '../archive/path-stat.ts';
import type { ExtractOptions, FileView } from '../archive/view.ts';
import type { WalkChanges } from '../diff/walk-changes.ts';

/**
 * A job on files of a container or a volume that produces or consumes a stream of bytes at its client's pace.
 * Synchronous, in a thread.
 */
export type StreamJob =
  | { readonly kind: 'changes'; readonly trees: Omit<WalkChanges, 'withSame'> }
  | { readonly kind: 'archiveChanges'; readonly trees: Omit<WalkChanges, 'withSame'> }
  /** The same, and its digest at the end. */
  | {
      readonly kind: 'archiveLayer';
      readonly trees: Omit<WalkChanges, 'withSame'>;
      /** Later times are set to this one. Seconds since the epoch. */
      readonly clampSeconds: number | undefined;
    }
  | { readonly kind: 'archiveTrees'; readonly trees: readonly ArchivedTree[] }
  | { readonly kind: 'archiveFolder'; readonly folder: string }
  | { readonly kind: 'unpackFolder'; readonly folder: string }
  | { readonly kind: 'statPath'; readonly view: FileView; readonly path: string }
  | { readonly kind: 'archivePath'; readonly view: FileView; readonly path: string }
  | { readonly kind: 'extract'; readonly view: FileView; readonly path: string; readonly options: ExtractOptions };

/** A path that changed. Kinds: 0 modified, 1 added, 2 deleted (Engine API, FilesystemChange). */
export interface FileChange {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

/** The results that a job sends before its bytes. */
export interface StreamHeads {
  readonly changes: readonly FileChange[];
  readonly archiveChanges: undefined;
  readonly archiveLayer: undefined;
  readonly archiveTrees: undefined;
  readonly archiveFolder: undefined;
  readonly unpackFolder: undefined;
  readonly statPath: PathStat;
  readonly archivePath: PathStat;
  readonly extract: undefined;
}

/** What a job knows only when it has produced its bytes. */
export interface LayerTail {
  readonly diffId: Digest;
  readonly sizeBytes: number;
  /** Whether a time was later than `clampSeconds`. */
  readonly isClamped: boolean;
}

/** The results that follow the bytes. */
export type StreamTails = { readonly [kind in StreamJob['kind']]: kind extends 'archiveLayer' ? LayerTail : undefined };

export interface StreamRequest {
  readonly job: StreamJob;
  readonly port: MessagePort;
  readonly control: Int32Array;
}

/** Cells of the shared control block. The thread waits on `pulse`, which counts the events that should wake it. */
export const CONTROL = {
  /** A value other than 0 asks the job to end. */
  stop: 0,
  pulse: 1,
  /** Number of chunks on their way to the reader. */
  unread: 2,
  cells: 3,
} as const;

/** Most chunks, of up to 256 kB, on their way in either direction. */
export const CHUNKS_UNDER_WAY = 4;

/** Messages of the thread, on the request's port. */
export type FromThread =
  | { readonly kind: 'head'; readonly head: StreamHeads[StreamJob['kind']] }
  | { readonly kind: 'tail'; readonly tail: LayerTail }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** The thread has processed a chunk that was sent to it. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: { readonly kind: ErrorKind; readonly message: string } };

/** Messages to the thread, on the request's port: bytes, and null for their end. */
export type ToThread = Uint8Array | null;
