import { EngineError } from './errors.ts';

/** Limits the number of operations at a time. They are served in their order. */
export interface Slots {
  /**
   * Waits for a slot; calls `onWait` when it has to. Disposing the result frees the slot once. @throws EngineError
   * cancelled
   */
  take(signal: AbortSignal, onWait?: () => void): Promise<Disposable>;
}

/**
 * `limit` is asked each time, so that it may change. A lower limit applies to new operations, a higher one as soon as a
 * slot is freed.
 */
export function createSlots(limit: () => number): Slots {
  let held = 0;
  const waiting: (() => void)[] = [];
  const free = (): void => {
    held -= 1;
    while (held < limit()) {
      const next = waiting.shift();
      if (next === undefined) return;
      held += 1;
      next();
    }
  };
  return {
    async take(signal, onWait) {
      if (signal.aborted) throw new EngineError('cancelled', 'cancelled');
      if (held < limit()) {
        held += 1;
      } else {
        onWait?.();
        await turn(waiting, signal);
      }
      let isHeld = true;
      return {
        [Symbol.dispose]() {
          if (isHeld) free();
          isHeld = false;
        },
      };
    },
  };
}

function turn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const called = (): void => {
    signal.removeEventListener('abort', onAbort);
    resolve();
  };
  const onAbort = (): void => {
    const place = waiting.indexOf(called);
    if (place === -1) return;
    waiting.splice(place, 1);
    reject(new EngineError('cancelled', 'cancelled'));
  };
  waiting.push(called);
  signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
