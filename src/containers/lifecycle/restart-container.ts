import { conflict, EngineError } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { StopOptions } from '../model/requests.ts';
import type { Entry } from '../tables/entry.ts';
import { lockEntry } from './lock-entry.ts';
import { checkStart, type StartDeps, startLocked } from './start-container.ts';
import { type StopDeps, stopEntry } from './stop-container.ts';

export type RestartDeps = StartDeps & StopDeps;

/**
 * Stops the container if it runs, and starts it. A container that could not start again is not stopped. The exit in
 * between causes no auto-remove and no restart by policy.
 * @throws EngineError notFound; the errors of stop and start, as `Cannot restart container x: …`
 */
export async function restartContainer(
  world: RestartDeps,
  ref: string,
  options: StopOptions,
  _signal: AbortSignal,
): Promise<void> {
  const entry = world.table.resolve(ref);
  try {
    await restartEntry(world, entry, ref, options);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `Cannot restart container ${ref}: ${error.message}`, { cause: error });
  }
}

async function restartEntry(world: RestartDeps, entry: Entry, ref: string, options: StopOptions): Promise<void> {
  using _held = entry.holdForRestart();
  // The root stays mounted: on a full disk another process might take the space that a new mount needs.
  await using root = new AsyncDisposableStack();
  if (entry.record.state.running) {
    checkStart(world, entry);
    root.use(await world.snapshots.use(entry.id));
  }
  if (entry.record.state.running || entry.isStarting) await stopEntry(world, entry, options);
  // The stop is done: a client that leaves now does not prevent the start.
  using _lock = await lockEntry(world, entry, ref);
  if (entry.isRemoving || entry.record.phase === 'removing') {
    throw conflict('container is marked for removal and cannot be started');
  }
  // Another client has started the container meanwhile, which has the wanted effect.
  if (!entry.record.state.running) await startLocked(world, entry, { byPolicy: false });
  emitContainerEvent(world.events, entry.record, 'restart');
}
