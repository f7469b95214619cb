import { constants } from 'node:os';
import type { Output } from './output.ts';

/** Not for the container: about our own children, our own pipes, or impossible to catch. */
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
 * Hands the signals that we get to `send`, by their names without SIG. Three interrupts while what they go to doesn't end make
 * this process exit.
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
      // A container that has just ended can't take it: the wait tells.
      send(name.replace(/^SIG/, '')).catch(() => {});
    };
    try {
      process.on(name, onSignal);
      listeners.set(name, onSignal);
    } catch {
      // This platform has no way to catch it.
    }
  }
  return {
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
