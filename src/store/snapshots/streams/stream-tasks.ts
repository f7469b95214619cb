import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EngineError, internal, messageOf } from '../../../base/errors.ts';
import { IdleThreads } from '../../../base/idle-threads.ts';
import { programUrl } from '../../../base/program-url.ts';
import { CONTROL, type FromThread, type StreamJob, type StreamRequest } from './stream-job.ts';

/** A running job. */
export interface Task {
  readonly port: MessagePort;
  readonly control: Int32Array;
  /** Rejects when the thread ends before its job. */
  readonly ended: Promise<never>;
}

/** Runs jobs, each in a thread of its own. */
export class StreamTasks implements AsyncDisposable {
  readonly #resting = new IdleThreads();
  readonly #alive = new Set<Worker>();
  readonly #running = new Set<Task>();
  #isClosed = false;

  /** Runs one job. `hear` gets its messages until it is done. @throws the errors of the job; EngineError cancelled */
  async run(
    job: StreamJob,
    hear: (message: FromThread, task: Task) => void,
    { signal, begun }: { readonly signal: AbortSignal; readonly begun?: (task: Task) => void },
  ): Promise<void> {
    if (this.#isClosed || signal.aborted) throw new EngineError('cancelled', 'the client has gone');
    const task = this.#begin(job);
    this.#running.add(task);
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
      this.#running.delete(task);
      task.port.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const task of this.#running) stop(task);
    await this.#resting.end(this.#alive);
  }

  #begin(job: StreamJob): Task {
    const worker = this.#thread();
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
  }

  #thread(): Worker {
    const rested = this.#resting.take();
    if (rested !== undefined) return rested;
    const worker = new Worker(workerUrl(), {
      name: 'gantry-stream',
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#alive.add(worker);
    worker.on('error', () => {}); // The thread's exit reports it. Without a listener the error would end the daemon.
    worker.on('message', () => this.#resting.add(worker));
    worker.once('exit', () => {
      this.#alive.delete(worker);
      this.#resting.forget(worker);
    });
    return worker;
  }
}

export function stop({ control }: Task): void {
  Atomics.store(control, CONTROL.stop, 1);
  pulse(control);
}

export function pulse(control: Int32Array): void {
  Atomics.add(control, CONTROL.pulse, 1);
  Atomics.notify(control, CONTROL.pulse);
}

function workerUrl(): URL {
  return programUrl(import.meta.url, { source: 'stream-worker.ts', bundle: 'stream-worker.js' });
}
