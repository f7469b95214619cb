import { constants } from 'node:os';
import type { Output } from './output.ts';

/** Signals that are not forwarded: they concern our own children or pipes, or cannot be caught. */
const OURS: ReadonlySet<string> = new Set([
  'SIGCHLD',
  'SIGPIPE',
  'SIGURG',
  'SIGKILL',
  'SIGSTOP',
  'SIGPROF',
  'SIGSEGV',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGABRT',
  'SIGIOT',
  'SIGTRAP',
  'SIGSYS',
  'SIGVTALRM',
  'SIGALRM',
  'SIGSTKFLT',
  'SIGPOLL',
  'SIGIO',
  'SIGUNUSED',
]);
const FORCED_AFTER = 3;

/**
 * Passes received signals to `send`, by their names without SIG. This process exits at the third interrupt if the
 * receiver has not ended.
 */
export function forwardSignals(err: Output, send: (signal: string) => Promise<void>): Disposable {
  let interrupts = 0;
  const listeners = new Map<NodeJS.Signals, () => void>();
  for (const name of Object.keys(constants.signals) as NodeJS.Signals[]) {
    if (OURS.has(name)) continue;
    const onSignal = (): void => {
      if ((name === 'SIGINT' || name === 'SIGTERM') && ++interrupts >= FORCED_AFTER) {
        err.line(`\ngot ${FORCED_AFTER} SIGTERM/SIGINTs, forcefully exiting`);
        process.exit(1);
      }
      // A container that has just ended cannot take it: the wait reports the end.
      send(name.replace(/^SIG/, '')).catch(() => {});
    };
    try {
      process.on(name, onSignal);
      listeners.set(name, onSignal);
    } catch {
      // This platform cannot catch the signal.
    }
  }
  return {
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
