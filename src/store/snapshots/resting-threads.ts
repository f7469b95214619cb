import type { Worker } from 'node:worker_threads';

/** A thread costs 10 MB while it is there and 15 ms to start. */
const IDLE_MILLISECONDS = 3000;

/** Threads without work: the next job takes one, and what nobody takes ends. They don't keep the process alive. */
export class RestingThreads {
  readonly #timers = new Map<Worker, NodeJS.Timeout>();

  add(worker: Worker): void {
    const timer = setTimeout(() => {
      this.#timers.delete(worker);
      void worker.terminate();
    }, IDLE_MILLISECONDS);
    timer.unref();
    worker.unref();
    this.#timers.set(worker, timer);
  }

  take(): Worker | undefined {
    const [worker] = this.#timers.keys();
    if (worker === undefined) return undefined;
    this.forget(worker);
    worker.ref();
    return worker;
  }

  /** One that has ended. */
  forget(worker: Worker): void {
    clearTimeout(this.#timers.get(worker));
    this.#timers.delete(worker);
  }
}
