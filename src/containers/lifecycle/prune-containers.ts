import { conflict, messageOf } from '../../base/errors.ts';
import type { Filters } from '../../spec/index.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { type RemoveDeps, removeStopped } from './remove-container.ts';

export type PruneContainersDeps = RemoveDeps & Pick<World, 'listRules'>;

/**
 * Removes every container that does not run and matches the filters. @throws EngineError invalid; conflict while
 * another prune runs
 */
export async function pruneContainers(
  world: PruneContainersDeps,
  filters: Filters,
  signal: AbortSignal,
): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }> {
  const matcher = world.listRules.pruneMatcher(filters);
  if (world.lifetime.pruning) throw conflict('a prune operation is already running');
  world.lifetime.pruning = true;
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  try {
    for (const entry of [...world.table.entries()]) {
      if (signal.aborted) break;
      const { state, phase } = entry.record;
      if (state.running || phase !== 'ready' || entry.isStarting || !matcher(entry.record)) continue;
      const size = await prune(world, entry);
      if (size === undefined) continue;
      deleted.push(entry.id);
      reclaimedBytes += size;
    }
  } finally {
    world.lifetime.pruning = false;
  }
  world.events.emit('container', 'prune', '', { reclaimed: String(reclaimedBytes) });
  return { deleted, reclaimedBytes };
}

/** Returns the bytes of the removed container. Undefined when it was started meanwhile, or cannot be removed. */
async function prune(world: PruneContainersDeps, entry: Entry): Promise<number | undefined> {
  try {
    const size = await world.snapshots.writableSize(entry.id);
    await removeStopped(world, entry, { volumes: false });
    return world.table.byId(entry.id) === entry ? undefined : size;
  } catch (error) {
    world.logger.warn({ containerId: entry.id, error: messageOf(error) }, 'cannot prune a container');
    return undefined;
  }
}
