import { spawnSync } from 'node:child_process';

/** Signals that end us: the terminal is put back first, then they take their course. */
const ENDING = ['SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGINT'] as const;

/**
 * Gives every key to the container: no echo, no line editing, no signals from keys. Disposing puts the terminal back, and
 * so does every end of this process that leaves it a chance: exit, uncaught failure, signal.
 */
export function rawTerminal(): Disposable {
  const input = process.stdin;
  if (!input.isTTY) return { [Symbol.dispose]() {} };
  input.setRawMode(true);
  // Node's raw mode still turns line feeds into new lines, which breaks programs that draw. Restoring undoes this as well.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  let raw = true;
  const restore = (): void => {
    if (raw) input.setRawMode(false);
    raw = false;
    process.off('exit', restore);
    for (const signal of ENDING) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    restore();
    process.kill(process.pid, signal);
  };
  process.on('exit', restore);
  for (const signal of ENDING) process.on(signal, onSignal);
  return { [Symbol.dispose]: restore };
}

/** Rows and columns of the terminal on standard output, else on standard input; undefined without one. */
export function terminalSize(): { rows: number; columns: number } | undefined {
  const stream = process.stdout.isTTY ? process.stdout : undefined;
  if (stream === undefined) return undefined;
  const [columns, rows] = stream.getWindowSize();
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}
