import { setImmediate } from 'node:timers/promises';

/** Some milliseconds of work. */
const TURN = 500;

/** Visits a long list. Other work of the daemon goes on in between. */
export async function inTurns<T>(items: readonly T[], visit: (item: T) => void): Promise<void> {
  for (const [at, item] of items.entries()) {
    if (at > 0 && at % TURN === 0) await setImmediate();
    visit(item);
  }
}
