import { Readable } from 'node:stream';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EngineError, internal, messageOf } from '../../../base/errors.ts';
import { RestingThreads } from '../resting-threads.ts';
import {
  CHUNKS_UNDER_WAY,
  CONTROL,
  type FromThread,
  type StreamHeads,
  type StreamJob,
  type StreamRequest,
} from './stream-job.ts';

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

/** A job on its way. */
interface Task {
  readonly port: MessagePort;
  readonly control: Int32Array;
  /** Rejects when the thread ends under it. */
  readonly ended: Promise<never>;
}

export function createStreamThreads(): StreamThreads {
  const resting = new RestingThreads();
  const alive = new Set<Worker>();
  const queue: (() => void)[] = [];
  let readers = 0;
  let isClosed = false;

  const thread = (): Worker => {
    const rested = resting.take();
    if (rested !== undefined) return rested;
    const worker = new Worker(workerUrl(), {
      name: 'gantry-stream',
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    alive.add(worker);
    worker.on('error', () => {}); // Told by its exit; without a listener it would end the daemon.
    worker.on('message', () => resting.add(worker));
    worker.once('exit', () => {
      alive.delete(worker);
      resting.forget(worker);
    });
    return worker;
  };

  const begin = (job: StreamJob): Task => {
    const worker = thread();
    const { port1, port2 } = new MessageChannel();
    const control = new Int32Array(new SharedArrayBuffer(CONTROL.cells * 4));
    const { promise: ended, reject } = Promise.withResolvers<never>();
    ended.catch(() => {});
    const failed = (error: unknown): void => reject(internal(`a stream thread failed: ${messageOf(error)}`, error));
    const exited = (): void => reject(internal('a stream thread ended'));
    worker.once('error', failed).once('exit', exited);
    port1.once('close', () => worker.off('error', failed).off('exit', exited));
    const request: StreamRequest = { job, port: port2, control };
    worker.postMessage(request, [port2]);
    return { port: port1, control, ended };
  };

  /** Runs one job; what it says goes to `hear` until it is done. */
  const run = async (
    job: StreamJob,
    hear: (message: FromThread, task: Task) => void,
    { signal, begun }: { readonly signal: AbortSignal; readonly begun?: (task: Task) => void },
  ): Promise<void> => {
    if (isClosed || signal.aborted) throw cancelled();
    const task = begin(job);
    const onAbort = (): void => stop(task);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const done = new Promise<void>((resolve, reject) => {
        task.port.on('message', (message: FromThread) => {
          if (message.kind === 'done') resolve();
          else if (message.kind === 'failed') reject(new EngineError(message.error.kind, message.error.message));
          else hear(message, task);
        });
      });
      begun?.(task);
      await Promise.race([done, task.ended]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      task.port.close();
    }
  };

  const turn = async (): Promise<void> => {
    if (readers < READERS_MAX) readers += 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
  };
  const turnOver = (): void => {
    const next = queue.shift();
    if (next === undefined) readers -= 1;
    else next();
  };

  return {
    async ask<J extends StreamJob>(job: J, signal: AbortSignal): Promise<StreamHeads[J['kind']]> {
      let head: StreamHeads[StreamJob['kind']];
      const hear = (message: FromThread): void => {
        if (message.kind === 'head') head = message.head;
      };
      await run(job, hear, { signal });
      return head as StreamHeads[J['kind']];
    },
    async read<J extends StreamJob>(job: J, signal: AbortSignal) {
      await turn();
      const stopped = new AbortController();
      let task: Task | undefined;
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
      let owed = 0;
      const wake = (to: Task): void => {
        Atomics.sub(to.control, CONTROL.unread, owed);
        owed = 0;
        pulse(to.control);
      };
      const both = AbortSignal.any([signal, stopped.signal]);
      run(job, hear, { signal: both, begun: (begun) => (task = begun) })
        .then(
          () => void bytes.push(null),
          (error: unknown) => {
            head.reject(error);
            bytes.destroy(error instanceof Error ? error : undefined);
          },
        )
        .finally(turnOver);
      bytes.on('error', () => {}); // Until somebody reads, nobody listens.
      return { head: (await head.promise) as StreamHeads[J['kind']], bytes };
    },
    async write(job, source, signal) {
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
      try {
        await run(job, hear, {
          signal: AbortSignal.any([signal, over.signal]),
          begun: (task) => {
            fed = feed(task).catch((error: unknown) => {
              cause = error;
              stop(task);
            });
          },
        });
      } catch (error) {
        throw cause ?? error;
      } finally {
        over.abort();
        wake();
      }
      await fed;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function stop({ control }: Task): void {
  Atomics.store(control, CONTROL.stop, 1);
  pulse(control);
}

function pulse(control: Int32Array): void {
  Atomics.add(control, CONTROL.pulse, 1);
  Atomics.notify(control, CONTROL.pulse);
}

function cancelled(): EngineError {
  return new EngineError('cancelled', 'the client has gone');
}

/** The source beside this file, or the bundle beside the daemon's (`tools/build.mjs`). */
function workerUrl(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./stream-worker.ts', import.meta.url);
  const file = /\/daemon\/[^/]*$/.test(import.meta.url) ? '../stream-worker.js' : './stream-worker.js';
  return new URL(file, import.meta.url);
}
