import type { Buffer } from 'node:buffer';

/** A reply of a server, or why there is none. */
export type Outcome = Buffer | 'timeout' | 'failed';

/** A question to one server. */
export interface Exchange {
  readonly address: string;
  readonly message: Buffer;
  /** Whether bytes that came from there answer the question. */
  readonly accepts: (reply: Buffer) => boolean;
  readonly timeoutMilliseconds: number;
}

/** What of a started exchange its sockets need. */
export interface Settling {
  readonly isSettled: boolean;
  /** Ends the exchange. The first call counts. */
  settle(outcome: Outcome): void;
}

/**
 * Waits until `start` has settled, for the timeout or the signal ('failed'). Calls the function that `start` returned,
 * which closes the sockets, when it ends.
 */
export function settleOnce(
  start: (settling: Settling) => () => void,
  timeoutMilliseconds: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let isSettled = false;
  let close: (() => void) | undefined;
  const settle = (outcome: Outcome): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    close?.();
    resolve(outcome);
  };
  const onAbort = (): void => settle('failed');
  const timer = setTimeout(() => settle('timeout'), timeoutMilliseconds);
  signal.addEventListener('abort', onAbort);
  const settling = {
    get isSettled() {
      return isSettled;
    },
    settle,
  };
  close = start(settling);
  if (isSettled) close();
  return promise;
}
