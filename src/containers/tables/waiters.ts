import type { WaitCondition, WaitResult } from '../model/requests.ts';

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

/**
 * The clients that wait for one container. They resolve synchronously, before any clean-up, so that a client
 * learns of an exit at once.
 */
export class Waiters {
  #waiting: Waiter[] = [];

  /** Returns a promise that never settles when `signal` aborts first: the client has gone then. */
  add(condition: WaitCondition, signal?: AbortSignal): Promise<WaitResult> {
    const { promise, resolve } = Promise.withResolvers<WaitResult>();
    if (signal?.aborted === true) return promise;
    const forget = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
    };
    const waiter: Waiter = {
      condition,
      resolve: (result) => {
        signal?.removeEventListener('abort', forget);
        resolve(result);
      },
    };
    this.#waiting.push(waiter);
    signal?.addEventListener('abort', forget, { once: true });
    return promise;
  }

  /** Resolves those that wait for the exit. */
  exited(result: WaitResult): void {
    this.#answer((waiter) => waiter.condition !== 'removed', result);
  }

  /** Resolves those that wait until the container does not run: a start has failed. */
  notRunning(result: WaitResult): void {
    this.#answer((waiter) => waiter.condition === 'not-running', result);
  }

  /** Resolves every waiter: the container has been removed. */
  removed(result: WaitResult): void {
    this.#answer(() => true, result);
  }

  get size(): number {
    return this.#waiting.length;
  }

  #answer(concerns: (waiter: Waiter) => boolean, result: WaitResult): void {
    const answered = this.#waiting.filter(concerns);
    if (answered.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => !concerns(waiter));
    for (const waiter of answered) waiter.resolve(result);
  }
}
