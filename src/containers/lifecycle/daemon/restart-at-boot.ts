import { messageOf } from '../../../base/errors.ts';
import { restartDelay } from '../../model/restart-policy.ts';
import { awaitingRestart } from '../../model/state.ts';
import { dependenciesOf, inDependencyOrder } from '../../relations/dependencies.ts';
import type { Entry } from '../../tables/entry.ts';
import { type StartDeps, startLocked } from '../start-container.ts';

export type RestartAtBootDeps = StartDeps;

/** Longest interval between two attempts. A host address or volume may appear minutes after the engine's start. */
const LONGEST_DELAY_MS = 10_000;

/**
 * Starts containers whose restart policies ask for it after a start of the daemon, mostly after a reboot. A container
 * starts after those that it needs; the others start at once. While a host boots, an address, a volume or another
 * container may be missing: the start is then retried, at growing intervals, until it succeeds or a user stops the
 * container. Meanwhile the container is `restarting`, and `State.Error` names what is missing.
 */
export function restartAtBoot(world: RestartAtBootDeps, entries: readonly Entry[]): void {
  for (const entry of entries) world.table.note(entry, awaitingRestart(entry.record));
  const tried = new Map<Entry, Promise<void>>();
  for (const entry of inDependencyOrder(world.table, entries)) {
    const needed = dependenciesOf(world.table, entry.record).map((each) => tried.get(each));
    tried.set(entry, tryAfter(world, entry, Promise.all(needed)));
  }
}

function tryAfter(world: RestartAtBootDeps, entry: Entry, needed: Promise<unknown>): Promise<void> {
  return world.background.run('restart by policy', entry.id, async () => {
    await needed;
    await attempt(world, entry, 0);
  });
}

async function attempt(world: RestartAtBootDeps, entry: Entry, lastDelayMs: number): Promise<void> {
  using _lock = await world.locks.acquire(entry.id);
  if (world.lifetime.closing || entry.isRemoving || !entry.record.state.restarting) return;
  const before = entry.record.state.error;
  try {
    await startLocked(world, entry, { byPolicy: true, waitsForDependencies: true });
  } catch (error) {
    const facts = { containerId: entry.id, name: entry.record.name, error: messageOf(error) };
    if (!entry.record.state.restarting) {
      world.logger.error(facts, 'restart of a container failed');
      return;
    }
    const delayMs = Math.min(restartDelay(lastDelayMs, 0), LONGEST_DELAY_MS);
    const level = entry.record.state.error === before ? 'debug' : 'warn';
    world.logger[level](facts, 'a container cannot be started yet: it is tried again');
    tryLater(world, entry, delayMs);
  }
}

function tryLater(world: RestartAtBootDeps, entry: Entry, delayMs: number): void {
  if (world.lifetime.closing) return; // The record stays `restarting`: the next daemon continues.
  const timer = world.clock.after(delayMs, () => {
    entry.endRestartWait();
    void world.background.run('restart by policy', entry.id, () => attempt(world, entry, delayMs));
  });
  entry.awaitRestart(() => timer.cancel());
}
