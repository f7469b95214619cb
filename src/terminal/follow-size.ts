import { setTimeout as sleep } from 'node:timers/promises';
import type { TerminalSize } from '../client/index.ts';
import { terminalSize } from './raw-terminal.ts';

const TRIES = 10;
const RETRY_MILLIS = 10;

/**
 * Passes the terminal's size to `resize` (of a container or an exec), now and at each change. With `redraw` the running
 * program redraws its screen.
 */
export function followSize(
  resize: (size: TerminalSize) => Promise<void>,
  options: { redraw?: boolean } = {},
): Disposable {
  const send = async (more = 0): Promise<void> => {
    const size = terminalSize();
    if (size !== undefined) await resize({ rows: size.rows + more, columns: size.columns + more });
  };
  const first = async (): Promise<void> => {
    // Programs redraw when the size changes: a shell shows its prompt again.
    if (options.redraw === true) await send(1).catch(() => {});
    // The stream may exist before the process does.
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        return await send();
      } catch {
        await sleep(RETRY_MILLIS * (attempt + 1), undefined, { ref: false });
      }
    }
  };
  // An error is ignored: the program runs, only its drawing is wrong.
  void first();
  const onChange = (): void => void send().catch(() => {});
  process.stdout.on('resize', onChange);
  return {
    [Symbol.dispose]() {
      process.stdout.off('resize', onChange);
    },
  };
}
