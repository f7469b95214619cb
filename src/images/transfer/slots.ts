import { EngineError } from '../../base/errors.ts';

/** At most so many at a time, first come first served. */
export interface Slots {
  /** Waits for a slot, which `onWait` is told; disposing the result frees it, once. @throws EngineError cancelled */
  take(signal: AbortSignal, onWait?: () => void): Promise<Disposable>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take(signal, onWait) {
      if (signal.aborted) throw new EngineError('cancelled', 'cancelled');
      if (free > 0) {
        free -= 1;
      } else {
        onWait?.();
        await turn(waiting, signal);
      }
      let held = true;
      return {
        [Symbol.dispose]() {
          if (held) give();
          held = false;
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
