import { Worker } from 'node:worker_threads';
import { EngineError, internal, messageOf } from '../../../base/errors.ts';
import { IdleThreads } from '../../../base/idle-threads.ts';
import { programUrl } from '../../../base/program-url.ts';
import { trimHeap } from '../../../linux/index.ts';
import { NeedsParents } from '../untar/untar-errors.ts';
import { CONTROL, type TreeAnswer, type TreeJob, type TreeRequest, type TreeResults } from './tree-job.ts';

/** Threads for jobs on trees. No thread runs while there is no job. */
export interface TreePool extends AsyncDisposable {
  /**
   * Runs a job after those queued before. For unpacking and copying, `progress` is called ten times a second and at the
   * end.
   * @throws EngineError invalid, notFound, failed, tooLarge, noSpace, cancelled, internal; NeedsParents
   */
  run<J extends TreeJob>(
    job: J,
    signal?: AbortSignal,
    progress?: (bytes: number) => void,
  ): Promise<TreeResults[J['kind']]>;
}

interface Waiting {
  readonly request: TreeRequest;
  readonly finish: (answer: TreeAnswer | Error) => void;
  readonly progress: ((bytesRead: number) => void) | undefined;
}

/** More threads gain nothing: they wait for the file system. */
const THREADS = 2;
const PROGRESS_MILLISECONDS = 100;

export function createTreePool(): TreePool {
  const queue: Waiting[] = [];
  const threads = createThreads(queue);
  return {
    run<J extends TreeJob>(
      job: J,
      signal?: AbortSignal,
      progress?: (bytesRead: number) => void,
    ): Promise<TreeResults[J['kind']]> {
      const { promise, resolve, reject } = Promise.withResolvers<TreeResults[J['kind']]>();
      const cancelled = (): EngineError => new EngineError('cancelled', `${VERBS[job.kind]} was cancelled`);
      if (threads.areClosed() || signal?.aborted === true) return Promise.reject(cancelled());
      const control = new BigInt64Array(new SharedArrayBuffer(8 * CONTROL.cells));
      const onAbort = (): void => {
        Atomics.store(control, CONTROL.stop, 1n);
        const place = queue.indexOf(waiting);
        if (place < 0) return;
        queue.splice(place, 1);
        waiting.finish(cancelled());
      };
      const finish = (answer: TreeAnswer | Error): void => {
        signal?.removeEventListener('abort', onAbort);
        if (answer instanceof Error) reject(answer);
        else if (answer.ok) resolve(answer.result as TreeResults[J['kind']]);
        else if (answer.failure.kind === 'needsParents') reject(new NeedsParents(answer.failure.message));
        else reject(new EngineError(answer.failure.kind, answer.failure.message));
      };
      const waiting: Waiting = { request: { job, control }, finish, progress };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(waiting);
      threads.start();
      return promise;
    },
    async [Symbol.asyncDispose]() {
      const ended = threads.close();
      for (const { finish } of queue.splice(0)) finish(new EngineError('cancelled', 'the engine stops'));
      await ended;
    },
  };
}

interface Threads {
  /** Gives the first job of the queue to a thread, when one is free or may be started. */
  start(): void;
  areClosed(): boolean;
  /** Ends every thread. The jobs under way stop as soon as they can. */
  close(): Promise<void>;
}

function createThreads(queue: Waiting[]): Threads {
  const resting = new IdleThreads();
  const alive = new Set<Worker>();
  const working = new Map<Worker, Waiting>();
  let isClosed = false;

  const next = (worker: Worker): void => {
    const waiting = queue.shift();
    working.delete(worker);
    if (waiting === undefined) resting.add(worker);
    else {
      working.set(worker, waiting);
      work(
        worker,
        waiting,
        () => next(worker),
        () => isClosed,
      );
    }
  };
  const startThread = (): Worker => {
    const worker = newThread();
    alive.add(worker);
    worker.once('exit', () => {
      alive.delete(worker);
      working.delete(worker);
      resting.forget(worker);
      start();
      if (alive.size === 0) trimHeap();
    });
    return worker;
  };
  const start = (): void => {
    if (queue.length === 0 || isClosed) return;
    const worker = resting.take() ?? (alive.size < THREADS ? startThread() : undefined);
    if (worker !== undefined) next(worker);
  };

  return {
    start,
    areClosed: () => isClosed,
    async close() {
      isClosed = true;
      for (const { request } of working.values()) Atomics.store(request.control, CONTROL.stop, 1n);
      await resting.end(alive);
    },
  };
}

function newThread(): Worker {
  const worker = new Worker(workerUrl(), {
    name: 'gantry-tree',
    // Node would close descriptors that our system calls opened, and warn of it.
    trackUnmanagedFds: false,
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  worker.on('error', () => {}); // Its exit follows; without a listener the error would end the daemon.
  return worker;
}

/** Has a thread do a job. `done` is called when the thread can take another. */
function work(worker: Worker, waiting: Waiting, done: () => void, isClosed: () => boolean): void {
  const timer = watch(waiting);
  const answered = (answer: TreeAnswer): void => {
    clearInterval(timer);
    if (answer.ok) tell(waiting);
    worker.off('error', failed).off('exit', ended);
    waiting.finish(answer.ok || !isClosed() ? answer : new EngineError('cancelled', 'the engine stops'));
    done();
  };
  // The thread is gone: out of memory, or a defect of ours. Its exit follows.
  const failed = (error: Error): void => waiting.finish(internal(`a tree thread failed: ${messageOf(error)}`, error));
  const ended = (): void => {
    clearInterval(timer);
    waiting.finish(isClosed() ? new EngineError('cancelled', 'the engine stops') : internal('a tree thread ended'));
  };
  worker.once('message', answered).once('error', failed).once('exit', ended);
  worker.postMessage(waiting.request);
}

function watch(waiting: Waiting): NodeJS.Timeout | undefined {
  if (waiting.progress === undefined) return undefined;
  return setInterval(tell, PROGRESS_MILLISECONDS, waiting).unref();
}

function tell({ request, progress }: Waiting): void {
  progress?.(Number(Atomics.load(request.control, CONTROL.done)));
}

const VERBS: Readonly<Record<TreeJob['kind'], string>> = {
  unpack: 'unpacking',
  adopt: 'unpacking',
  copy: 'the copy',
  remove: 'the removal',
  size: 'measuring',
  seal: 'sealing',
  sum: 'the content sum',
  list: 'the copy',
  copyPaths: 'the copy',
  makeDirectory: 'making a directory',
  makeFile: 'writing a file',
  makeSymlink: 'making a link',
  removePaths: 'the removal',
  applyChanges: 'applying changes',
  hash: 'verifying',
};

function workerUrl(): URL {
  return programUrl(import.meta.url, { source: 'tree-worker.ts', bundle: 'tree-worker.js' });
}
