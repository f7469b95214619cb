import { EngineError } from './errors.ts';

/**
 * One mutex per key, first come first served. The verbs of an object take its lock. Never hold it across a user's
 * stream. Keys without holders cost nothing.
 */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  isHeld(key: string): boolean {
    return this.#tails.has(key);
  }

  /** Waits for the lock of the key. Disposing the result releases it, once. @throws EngineError cancelled */
  async acquire(key: string, signal?: AbortSignal): Promise<Disposable> {
    const before = this.#tails.get(key);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const tail = before === undefined ? done : before.then(() => done);
    this.#tails.set(key, tail);
    const release = (): void => {
      resolve();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    if (before !== undefined) {
      try {
        await abortable(before, signal);
      } catch (error) {
        // The place in the queue passes on only after the earlier ones are done.
        void before.then(release);
        throw error;
      }
    }
    return { [Symbol.dispose]: release };
  }
}

function abortable(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new EngineError('cancelled', 'cancelled while waiting for a lock'));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
