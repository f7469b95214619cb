import { Readable } from 'node:stream';
import { CHUNKS_UNDER_WAY, CONTROL, type FromThread, type StreamHeads, type StreamJob } from './stream-job.ts';
import { pulse, StreamTasks, stop, type Task } from './stream-tasks.ts';

/**
 * Threads for work at the pace of a client, each with a job of its own. Apart from the tree pool's, which a client that does not
 * read would hold up. None runs while there is nothing to do.
 */
export interface StreamThreads extends AsyncDisposable {
  /** @throws what the job throws */
  ask<J extends StreamJob>(job: J, signal: AbortSignal): Promise<StreamHeads[J['kind']]>;
  /** Resolves with what comes ahead of the bytes. Destroy the stream to stop. */
  read<J extends StreamJob>(
    job: J,
    signal: AbortSignal,
  ): Promise<{ readonly head: StreamHeads[J['kind']]; readonly bytes: Readable }>;
  /** Feeds the job; resolves when it is done. The source is not closed. */
  write(job: StreamJob, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
}

/**
 * Of jobs that give bytes; more wait. Jobs that take bytes do not wait, or copies from container to container could wait for each
 * other for ever.
 */
const READERS_MAX = 8;

export function createStreamThreads(): StreamThreads {
  const tasks = new StreamTasks();
  const turns = new Turns(READERS_MAX);
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
      await turns.take();
      const { head, bytes } = startReading(tasks, { job, ended: () => turns.pass() }, signal);
      return { head: (await head) as StreamHeads[J['kind']], bytes };
    },
    write: (job, source, signal) => writeTo(tasks, { job, source }, signal),
    [Symbol.asyncDispose]: () => tasks[Symbol.asyncDispose](),
  };
}

/** At most so many at a time; more wait in their order. */
class Turns {
  readonly #max: number;
  readonly #queue: (() => void)[] = [];
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async take(): Promise<void> {
    if (this.#taken < this.#max) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  pass(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}

/** The stream of a job's bytes, which holds the job up while nobody reads. */
function startReading(
  tasks: StreamTasks,
  { job, ended }: { readonly job: StreamJob; readonly ended: () => void },
  signal: AbortSignal,
): { readonly head: Promise<StreamHeads[StreamJob['kind']]>; readonly bytes: Readable } {
  const stopped = new AbortController();
  let task: Task | undefined;
  let owed = 0;
  const wake = (to: Task): void => {
    Atomics.sub(to.control, CONTROL.unread, owed);
    owed = 0;
    pulse(to.control);
  };
  const bytes = new Readable({
    // Chunks stay as they are: each may be released by whoever reads it.
    objectMode: true,
    highWaterMark: 1,
    // Pushing went ahead of reading by what may be under way: now there is room again.
    read: () => void (task !== undefined && wake(task)),
    destroy(error, callback) {
      stopped.abort();
      callback(error);
    },
  });
  const head = Promise.withResolvers<StreamHeads[StreamJob['kind']]>();
  const hear = (message: FromThread, to: Task): void => {
    if (message.kind === 'head') head.resolve(message.head);
    if (message.kind !== 'chunk') return;
    const isTaken = bytes.push(message.bytes);
    if (isTaken) Atomics.sub(to.control, CONTROL.unread, 1);
    else owed += 1;
    if (isTaken) pulse(to.control);
  };
  tasks
    .run(job, hear, { signal: AbortSignal.any([signal, stopped.signal]), begun: (begun) => (task = begun) })
    .then(
      () => void bytes.push(null),
      (error: unknown) => {
        head.reject(error);
        bytes.destroy(error instanceof Error ? error : undefined);
      },
    )
    .finally(ended);
  bytes.on('error', () => {}); // Until somebody reads, nobody listens.
  return { head: head.promise, bytes };
}

/** Feeds a job, at most {@link CHUNKS_UNDER_WAY} ahead of it. */
async function writeTo(
  tasks: StreamTasks,
  { job, source }: { readonly job: StreamJob; readonly source: AsyncIterable<Uint8Array> },
  signal: AbortSignal,
): Promise<void> {
  let room = CHUNKS_UNDER_WAY;
  let wake = (): void => {};
  const over = new AbortController();
  const hear = (message: FromThread): void => {
    if (message.kind !== 'taken') return;
    room += 1;
    wake();
  };
  const feed = async ({ port, control }: Task): Promise<void> => {
    for await (const chunk of source) {
      while (room === 0 && !over.signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      if (over.signal.aborted) return;
      room -= 1;
      // A copy to give away: what comes from a socket shares its memory with other chunks.
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
