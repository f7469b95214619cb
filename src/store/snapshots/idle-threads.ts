import type { Worker } from 'node:worker_threads';

/** An idle thread costs 10 MB, a new one 15 ms. */
const IDLE_MILLISECONDS = 3000;

/**
 * Idle threads. The next job takes one; a thread that no job takes in time ends. They do not keep the process alive.
 */
export class IdleThreads {
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

  /** Drops a thread that has ended. */
  forget(worker: Worker): void {
    clearTimeout(this.#timers.get(worker));
    this.#timers.delete(worker);
  }
}
