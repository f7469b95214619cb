import { setTimeout as sleep } from 'node:timers/promises';
import type { TerminalSize } from '../client/index.ts';
import { terminalSize } from './raw-terminal.ts';

const TRIES = 10;
const RETRY_MILLIS = 10;

/**
 * Gives the terminal's size to `resize` (of a container or an exec), now and whenever it changes; with `redraw` so that what runs
 * draws itself.
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
    // Programs draw again when the size changes: a shell that we attach to shows its prompt.
    if (options.redraw === true) await send(1).catch(() => {});
    // The process may not be there yet when the stream already is.
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        return await send();
      } catch {
        await sleep(RETRY_MILLIS * (attempt + 1), undefined, { ref: false });
      }
    }
  };
  // A size that can't be set is no reason to end the session: the program runs, only its drawing is off.
  void first();
  const onChange = (): void => void send().catch(() => {});
  process.stdout.on('resize', onChange);
  return {
    [Symbol.dispose]() {
      process.stdout.off('resize', onChange);
    },
  };
}
