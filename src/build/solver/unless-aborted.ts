import { EngineError } from '../../base/errors.ts';

export function cancelled(): EngineError {
  return new EngineError('cancelled', 'context canceled');
}

/** Waits for work, or until nobody needs it any more. @throws the work's errors; EngineError cancelled */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(cancelled());
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
