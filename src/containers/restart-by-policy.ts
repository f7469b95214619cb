import { EngineError, messageOf } from '../base/errors.ts';
import type { Entry } from './container-table.ts';
import { removeStopped } from './remove-container.ts';
import { startLocked } from './start-container.ts';
import { restartAbandoned } from './state.ts';
import type { World } from './world.ts';

/**
 * Starts the container again after the delay, unless a user stops or removes it or the daemon ends first. A start that
 * fails ends the policy, as dockerd does: the container is exited.
 */
export function restartByPolicy(world: World, entry: Entry, delayMs: number): void {
  if (world.lifetime.closing) return; // Stored as restarting: the next daemon goes on.
  const timer = world.clock.after(delayMs, () => {
    entry.cancelRestart = undefined;
    void world.background.run('restart by policy', entry.id, () => restartNow(world, entry));
  });
  entry.cancelRestart = () => {
    timer.cancel();
    entry.cancelRestart = undefined;
  };
}

async function restartNow(world: World, entry: Entry): Promise<void> {
  using _lock = await world.locks.acquire(entry.id);
  if (world.lifetime.closing || entry.removing || !entry.record.state.restarting) return;
  try {
    await startLocked(world, entry, { byPolicy: true });
  } catch (error) {
    world.logger.error({ containerId: entry.id, error: messageOf(error) }, 'restart of a container failed');
    if (!(error instanceof EngineError)) throw error;
  }
}

/**
 * A user's stop, kill or removal ends the wait. Answers whether there was one. With the container's lock, or where no
 * start can be under way.
 */
export function abandonRestart(world: World, entry: Entry): boolean {
  if (!entry.record.state.restarting) return false;
  entry.cancelRestart?.();
  const after = restartAbandoned(entry.record);
  world.table.note(entry, { ...after, manuallyStopped: true });
  entry.waiters.exited({ exitCode: after.state.exitCode });
  if (after.hostConfig.AutoRemove === true && !entry.removing) {
    void world.background.run('auto-remove', entry.id, () => removeStopped(world, entry, { volumes: true }));
  }
  return true;
}
