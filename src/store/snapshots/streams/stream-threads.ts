import { Readable } from 'node:stream';
import { createSlots } from '../../../base/slots.ts';
import {
  CHUNKS_UNDER_WAY,
  CONTROL,
  type FromThread,
  type StreamHeads,
  type StreamJob,
  type StreamTails,
} from './stream-job.ts';
import { pulse, StreamTasks, stop, type Task } from './stream-tasks.ts';

/**
 * Threads for jobs at the pace of a client, each with one job. They are separate from the tree pool, whose threads a
 * client that does not read would block. No thread runs while there is no job.
 */
export interface StreamThreads extends AsyncDisposable {
  /** Runs a job that returns one result. @throws the errors of the job */
  ask<J extends StreamJob>(job: J, signal: AbortSignal): Promise<StreamHeads[J['kind']]>;
  /**
   * Runs a job that produces bytes. Resolves with the result that precedes the bytes; `tail` follows them, and rejects as
   * the stream does. Destroy the stream to stop.
   */
  read<J extends StreamJob>(
    job: J,
    signal: AbortSignal,
  ): Promise<{
    readonly head: StreamHeads[J['kind']];
    readonly bytes: Readable;
    readonly tail: Promise<StreamTails[J['kind']]>;
  }>;
  /** Runs a job that consumes the source. Resolves when it is done. The source is not closed. */
  write(job: StreamJob, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
}

/**
 * Most jobs that produce bytes at a time; further ones wait. Jobs that consume bytes do not wait, or copies from
 * container to container could wait for each other without end.
 */
const READERS_MAX = 8;

/** Most commits at a time. They read at the pace of the disk: clients that read slowly do not hold them up. */
const COMMITS_MAX = 4;

export function createStreamThreads(): StreamThreads {
  const tasks = new StreamTasks();
  const readers = createSlots(() => READERS_MAX);
  const commits = createSlots(() => COMMITS_MAX);
  return {
    async ask<J extends StreamJob>(job: J, signal: AbortSignal): Promise<StreamHeads[J['kind']]> {
      let head: StreamHeads[StreamJob['kind']];
      const hear = (message: FromThread): void => {
        if (message.kind === 'head') head = message.head;
      };
      await tasks.run(job, hear, { signal });
      return head as StreamHeads[J['kind']];
    },
    async read<J extends StreamJob>(job: J, signal: AbortSignal) {
      const isCommit = job.kind === 'archiveChanges' || job.kind === 'archiveLayer';
      const slot = await (isCommit ? commits : readers).take(signal);
      const { head, bytes, tail } = startReading(tasks, { job, ended: () => slot[Symbol.dispose]() }, signal);
      return { head: (await head) as StreamHeads[J['kind']], bytes, tail: tail as Promise<StreamTails[J['kind']]> };
    },
    write: (job, source, signal) => writeTo(tasks, { job, source }, signal),
    [Symbol.asyncDispose]: () => tasks[Symbol.asyncDispose](),
  };
}

/** The stream of a job's bytes. The job waits while nobody reads. */
function startReading(
  tasks: StreamTasks,
  { job, ended }: { readonly job: StreamJob; readonly ended: () => void },
  signal: AbortSignal,
): {
  readonly head: Promise<StreamHeads[StreamJob['kind']]>;
  readonly bytes: Readable;
  readonly tail: Promise<StreamTails[StreamJob['kind']]>;
} {
  const stopped = new AbortController();
  let task: Task | undefined;
  let owed = 0;
  const wake = (to: Task): void => {
    Atomics.sub(to.control, CONTROL.unread, owed);
    owed = 0;
    pulse(to.control);
  };
  const bytes = new Readable({
    // Chunks stay separate, so that the reader can release each.
    objectMode: true,
    highWaterMark: 1,
    // Pushing was ahead of reading by the allowed number of chunks. Now there is space again.
    read: () => void (task !== undefined && wake(task)),
    destroy(error, callback) {
      stopped.abort();
      callback(error);
    },
  });
  const head = Promise.withResolvers<StreamHeads[StreamJob['kind']]>();
  const tail = Promise.withResolvers<StreamTails[StreamJob['kind']]>();
  tail.promise.catch(() => {}); // Most readers do not wait for it.
  const hear = (message: FromThread, to: Task): void => {
    if (message.kind === 'head') head.resolve(message.head);
    if (message.kind === 'tail') tail.resolve(message.tail);
    if (message.kind !== 'chunk') return;
    const isTaken = bytes.push(message.bytes);
    if (isTaken) Atomics.sub(to.control, CONTROL.unread, 1);
    else owed += 1;
    if (isTaken) pulse(to.control);
  };
  tasks
    .run(job, hear, { signal: AbortSignal.any([signal, stopped.signal]), begun: (begun) => (task = begun) })
    .then(
      () => {
        tail.resolve(undefined);
        bytes.push(null);
      },
      (error: unknown) => {
        head.reject(error);
        tail.reject(error);
        bytes.destroy(error instanceof Error ? error : undefined);
      },
    )
    .finally(ended);
  bytes.on('error', () => {}); // Nobody listens before the first read.
  return { head: head.promise, bytes, tail: tail.promise };
}

/** Sends the source to a job, at most {@link CHUNKS_UNDER_WAY} chunks ahead of it. */
async function writeTo(
  tasks: StreamTasks,
  { job, source }: { readonly job: StreamJob; readonly source: AsyncIterable<Uint8Array> },
  signal: AbortSignal,
): Promise<void> {
  let freeChunks = CHUNKS_UNDER_WAY;
  let wake = (): void => {};
  const over = new AbortController();
  const hear = (message: FromThread): void => {
    if (message.kind !== 'taken') return;
    freeChunks += 1;
    wake();
  };
  const feed = async ({ port, control }: Task): Promise<void> => {
    for await (const chunk of source) {
      while (freeChunks === 0 && !over.signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      if (over.signal.aborted) return;
      freeChunks -= 1;
      // The thread gets a copy: a chunk from a socket shares its memory with other chunks.
      const own = new Uint8Array(chunk);
      port.postMessage(own, [own.buffer]);
      pulse(control);
    }
    port.postMessage(null);
    pulse(control);
  };
  let fed: Promise<void> | undefined;
  let cause: unknown;
  const begun = (task: Task): void => {
    fed = feed(task).catch((error: unknown) => {
      cause = error;
      stop(task);
    });
  };
  try {
    await tasks.run(job, hear, { signal: AbortSignal.any([signal, over.signal]), begun });
  } catch (error) {
    throw cause ?? error;
  } finally {
    over.abort();
    wake();
  }
  await fed;
}
