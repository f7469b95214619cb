import { spawnSync } from 'node:child_process';

/** Signals that end the process. The terminal is restored before they take effect. */
const ENDING = ['SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGINT'] as const;

/**
 * Passes every key to the container: no echo, no line editing, no signals from keys. Disposing restores the terminal.
 * So do an exit, an uncaught error and a signal.
 */
export function rawTerminal(): Disposable {
  const input = process.stdin;
  if (!input.isTTY) return { [Symbol.dispose]() {} };
  input.setRawMode(true);
  // Node's raw mode still translates line feeds, which breaks programs that draw. Restoring undoes this as well.
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

/** Rows and columns of the terminal on standard output, else on standard input. Undefined without one. */
export function terminalSize(): { rows: number; columns: number } | undefined {
  const stream = process.stdout.isTTY ? process.stdout : undefined;
  if (stream === undefined) return undefined;
  const [columns, rows] = stream.getWindowSize();
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}
