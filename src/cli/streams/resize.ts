import { setTimeout as sleep } from 'node:timers/promises';
import type { Cli } from '../cli.ts';
import { terminalSize } from './raw-terminal.ts';

const TRIES = 10;
const RETRY_MILLIS = 10;

/** Gives the terminal's size to a container or exec (`/containers/ID` or `/exec/ID`), now and whenever it changes; with `redraw` so that what runs draws itself. */
export function followSize(cli: Cli, path: string, options: { redraw?: boolean } = {}): Disposable {
  const resize = async (more = 0): Promise<void> => {
    const size = terminalSize();
    if (size === undefined) return;
    const query = { h: size.rows + more, w: size.columns + more };
    await cli.client.send({ method: 'POST', path: `${path}/resize`, query });
  };
  const first = async (): Promise<void> => {
    // Programs draw again when the size changes: a shell that we attach to shows its prompt.
    if (options.redraw === true) await resize(1).catch(() => {});
    // The process may not be there yet when the stream already is.
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        return await resize();
      } catch {
        await sleep(RETRY_MILLIS * (attempt + 1), undefined, { ref: false });
      }
    }
  };
  // A size that can't be set is no reason to end the session: the program runs, only its drawing is off.
  void first();
  const onChange = (): void => void resize().catch(() => {});
  process.stdout.on('resize', onChange);
  return {
    [Symbol.dispose]() {
      process.stdout.off('resize', onChange);
    },
  };
}
