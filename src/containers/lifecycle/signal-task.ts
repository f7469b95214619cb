import { failed } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { SIGKILL } from '../model/signals.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { type PauseDeps, setPaused } from './pause-container.ts';
import { unlessEnded } from './unless-ended.ts';

export type SignalTaskDeps = PauseDeps;

/** A process that SIGKILL has not ended after this time hangs in the kernel. */
export const KILL_TIMEOUT_MS = 10_000;

/**
 * Sends the signal and announces it. A signal that is meant to end the container also thaws it. The caller holds the
 * lock.
 */
export async function signalTask(world: SignalTaskDeps, entry: Entry, number: number, ends: boolean): Promise<void> {
  if (ends && !world.lifetime.closing && !entry.isRestartedByHand) {
    world.table.note(entry, { ...entry.record, manuallyStopped: true });
  }
  // Announced first: the exit may arrive before the response to the signal.
  emitContainerEvent(world.events, entry.record, 'kill', { signal: String(number) });
  await unlessEnded(world.runtime.kill({ containerId: entry.id }, number));
  // With cgroup v2 SIGKILL ends a frozen process, with version 1 only once it is thawed.
  if (ends && entry.record.state.paused) await unlessEnded(setPaused(world, entry, false));
}

/**
 * Sends SIGKILL and waits until the exit is known. The caller holds the lock. @throws EngineError internal when the
 * process does not end
 */
export async function killAndWait(world: SignalTaskDeps, entry: Entry): Promise<void> {
  const exit = exitWithin(world, entry, KILL_TIMEOUT_MS);
  exit.catch(() => undefined);
  await signalTask(world, entry, SIGKILL, true);
  await exit;
}

/** Resolves at the exit of the process that runs now. @throws EngineError internal after the timeout */
export function exitWithin(world: Pick<World, 'clock'>, entry: Entry, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = new AbortController();
  const timer = world.clock.after(timeoutMs, () => {
    abort.abort();
    reject(failed(`container ${entry.id} PID ${entry.record.state.pid} is zombie and can not be killed`));
  });
  void entry.waiters.add('next-exit', abort.signal).then(() => {
    timer.cancel();
    resolve();
  });
  return promise;
}
