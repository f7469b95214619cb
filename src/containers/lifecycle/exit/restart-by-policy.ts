import { EngineError, messageOf } from '../../../base/errors.ts';
import type { Entry } from '../../tables/entry.ts';
import { type StartDeps, startLocked } from '../start-container.ts';

export type RestartByPolicyDeps = StartDeps;

/**
 * Starts the container again after the delay, unless a user stops or removes it or the daemon ends first. As in
 * dockerd, a failed start ends the policy: the container is exited.
 */
export function restartByPolicy(world: RestartByPolicyDeps, entry: Entry, delayMs: number): void {
  if (world.lifetime.closing) return; // The record stays `restarting`: the next daemon continues.
  const timer = world.clock.after(delayMs, () => {
    entry.endRestartWait();
    void world.background.run('restart by policy', entry.id, () => restartNow(world, entry));
  });
  entry.awaitRestart(() => timer.cancel());
}

async function restartNow(world: RestartByPolicyDeps, entry: Entry): Promise<void> {
  using _lock = await world.locks.acquire(entry.id);
  if (world.lifetime.closing || entry.isRemoving || !entry.record.state.restarting) return;
  try {
    await startLocked(world, entry, { byPolicy: true });
  } catch (error) {
    world.logger.error({ containerId: entry.id, error: messageOf(error) }, 'restart of a container failed');
    if (!(error instanceof EngineError)) throw error;
  }
}
