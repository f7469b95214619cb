/** `setTimeout` fires at once for a longer delay. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Calls `callback` once after the delay, however long it is, unless cancelled. The timer keeps the process alive. */
export function after(delayMs: number, callback: () => void): { cancel(): void } {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const stepMs = Math.min(Math.max(leftMs, 0), TIMER_MS_MAX);
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : callback()), stepMs);
  };
  wait(delayMs);
  return { cancel: () => clearTimeout(timer) };
}
