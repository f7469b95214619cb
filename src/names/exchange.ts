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

/** A started exchange, for the code that owns its sockets. */
export interface RunningExchange {
  readonly hasEnded: boolean;
  /** Ends the exchange. The first call counts. */
  end(outcome: Outcome): void;
}

/**
 * Starts an exchange and waits until it ends: by `end`, at the timeout, or by the signal ('failed'). Then calls the
 * function that `start` returned, which closes the sockets.
 */
export function runExchange(
  start: (running: RunningExchange) => () => void,
  timeoutMilliseconds: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let hasEnded = false;
  let close: (() => void) | undefined;
  const end = (outcome: Outcome): void => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    close?.();
    resolve(outcome);
  };
  const onAbort = (): void => end('failed');
  const timer = setTimeout(() => end('timeout'), timeoutMilliseconds);
  signal.addEventListener('abort', onAbort);
  const running = {
    get hasEnded() {
      return hasEnded;
    },
    end,
  };
  close = start(running);
  if (hasEnded) close();
  return promise;
}
