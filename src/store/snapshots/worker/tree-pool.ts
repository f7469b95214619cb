import { Worker } from 'node:worker_threads';
import { EngineError } from '../../../base/errors.ts';
import { NeedsParents } from '../untar/untar.ts';
import type { TreeAnswer, TreeJob, TreeRequest, TreeResults } from './tree-job.ts';

/** Threads for work on trees. None runs while there is nothing to do. */
export interface TreePool extends AsyncDisposable {
  /** Queued behind what came before. @throws EngineError invalid, tooLarge, noSpace, cancelled, internal; NeedsParents */
  run<J extends TreeJob>(job: J, signal?: AbortSignal): Promise<TreeResults[J['kind']]>;
}

interface Waiting {
  readonly request: TreeRequest;
  readonly settle: (answer: TreeAnswer | Error) => void;
}

/** One more than two cores gain nothing: the file system is what they wait for. */
const THREADS = 2;
/** A thread costs 10 MB while it is there and 15 ms to start. */
const IDLE_MILLISECONDS = 3000;

export function createTreePool(): TreePool {
  const queue: Waiting[] = [];
  const idle: { readonly worker: Worker; readonly timer: NodeJS.Timeout }[] = [];
  const alive = new Set<Worker>();

  const next = (worker: Worker): void => {
    const waiting = queue.shift();
    if (waiting === undefined) {
      const timer = setTimeout(() => {
        idle.splice(
          idle.findIndex((entry) => entry.worker === worker),
          1,
        );
        void worker.terminate();
      }, IDLE_MILLISECONDS);
      worker.unref();
      timer.unref();
      idle.push({ worker, timer });
      return;
    }
    worker.ref();
    const finish = (answer: TreeAnswer | Error): void => {
      worker.removeAllListeners('message').removeAllListeners('error');
      waiting.settle(answer);
      if (answer instanceof Error) start();
      else next(worker);
    };
    worker.once('message', finish);
    // The thread is gone: out of memory, or a defect of ours.
    worker.once('error', finish);
    worker.postMessage(waiting.request);
  };

  const start = (): void => {
    if (queue.length === 0) return;
    const rested = idle.pop();
    if (rested !== undefined) {
      clearTimeout(rested.timer);
      next(rested.worker);
    } else if (alive.size < THREADS) {
      const worker = new Worker(workerUrl(), {
        name: 'gantry-tree',
        // Descriptors that our system calls open are closed by Node, which would warn of it.
        trackUnmanagedFds: false,
        resourceLimits: { maxYoungGenerationSizeMb: 8 },
      });
      alive.add(worker);
      worker.once('exit', () => alive.delete(worker));
      next(worker);
    }
  };

  return {
    run<J extends TreeJob>(job: J, signal?: AbortSignal): Promise<TreeResults[J['kind']]> {
      const { promise, resolve, reject } = Promise.withResolvers<TreeResults[J['kind']]>();
      if (signal?.aborted === true) return Promise.reject(new EngineError('cancelled', 'cancelled'));
      const stop = new Int32Array(new SharedArrayBuffer(4));
      const onAbort = (): void => void Atomics.store(stop, 0, 1);
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = (answer: TreeAnswer | Error): void => {
        signal?.removeEventListener('abort', onAbort);
        if (answer instanceof Error) reject(answer);
        else if (answer.ok) resolve(answer.result as TreeResults[J['kind']]);
        else if (answer.failure.kind === 'needsParents') reject(new NeedsParents(answer.failure.message));
        else reject(new EngineError(answer.failure.kind, answer.failure.message));
      };
      queue.push({ request: { job, stop }, settle });
      start();
      return promise;
    },
    async [Symbol.asyncDispose]() {
      for (const { timer } of idle.splice(0)) clearTimeout(timer);
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

/** The source beside this file, or the bundle beside the daemon's (`tools/build.mjs`). */
function workerUrl(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./tree-worker.ts', import.meta.url);
  return new URL(/\/daemon\/[^/]*$/.test(import.meta.url) ? '../tree-worker.js' : './tree-worker.js', import.meta.url);
}
