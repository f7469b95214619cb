import { setTimeout as sleep } from 'node:timers/promises';
import type { Cli } from '../cli.ts';
import { terminalSize } from './raw-terminal.ts';

const TRIES = 10;
const RETRY_MILLIS = 10;

/** Gives the terminal's size to a container or exec (`/containers/ID` or `/exec/ID`), now and whenever it changes. */
export function followSize(cli: Cli, path: string): Disposable {
  const resize = async (): Promise<void> => {
    const size = terminalSize();
    if (size === undefined) return;
    await cli.client.send({ method: 'POST', path: `${path}/resize`, query: { h: size.rows, w: size.columns } });
  };
  const first = async (): Promise<void> => {
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
