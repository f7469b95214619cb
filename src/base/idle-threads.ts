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

  /**
   * Ends threads, those at work after their job, of which they tell by a message. A thread that is ended while it calls
   * the system, or loads the binding for that, aborts the process.
   */
  async end(workers: Iterable<Worker>): Promise<void> {
    await Promise.all([...workers].map((worker) => this.#end(worker)));
  }

  async #end(worker: Worker): Promise<void> {
    if (!this.#timers.has(worker)) {
      await new Promise<unknown>((resolve) => worker.once('message', resolve).once('exit', resolve));
    }
    await worker.terminate();
  }

  /** Drops a thread that has ended. */
  forget(worker: Worker): void {
    clearTimeout(this.#timers.get(worker));
    this.#timers.delete(worker);
  }
}
