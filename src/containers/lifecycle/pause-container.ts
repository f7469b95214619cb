import { conflict, failed } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { type WatchHealthDeps, watchHealth } from '../health/watch-health.ts';
import { hasProcess, paused } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { lockEntry } from './lock-entry.ts';

export type PauseDeps = WatchHealthDeps & Pick<World, 'locks'>;

/** @throws EngineError notFound; conflict when the container does not run, is paused already or is restarting */
export async function pauseContainer(world: PauseDeps, ref: string, signal: AbortSignal): Promise<void> {
  const entry = world.table.resolve(ref);
  using _lock = await lockEntry(world, entry, ref, signal);
  const { state } = entry.record;
  if (!state.running) throw conflict(`container ${entry.id} is not running`);
  if (state.paused) throw conflict(`Container ${entry.id} is already paused`);
  if (state.restarting) throw conflict(`Container ${entry.id} is restarting, wait until the container is running`);
  await setPaused(world, entry, true);
}

/** @throws EngineError notFound; failed (for dockerd's status) when the container is not paused */
export async function unpauseContainer(world: PauseDeps, ref: string, signal: AbortSignal): Promise<void> {
  const entry = world.table.resolve(ref);
  using _lock = await lockEntry(world, entry, ref, signal);
  if (!entry.record.state.paused) throw failed(`Container ${entry.id} is not paused`);
  await setPaused(world, entry, false);
}

/** Freezes or thaws the container, unless its process has ended meanwhile. The caller holds the lock. */
export async function setPaused(world: PauseDeps, entry: Entry, pause: boolean): Promise<void> {
  await (pause ? world.runtime.pause(entry.id) : world.runtime.resume(entry.id));
  if (hasProcess(entry.record)) notePaused(world, entry, pause);
}

/** Records and announces that the process was frozen or thawed. */
export function notePaused(world: PauseDeps, entry: Entry, pause: boolean): void {
  if (pause) entry.endHealthChecks();
  world.table.note(entry, paused(entry.record, pause));
  emitContainerEvent(world.events, entry.record, pause ? 'pause' : 'unpause');
  if (!pause) watchHealth(world, entry);
}
