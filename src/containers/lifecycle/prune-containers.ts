import { conflict } from '../../base/errors.ts';
import type { Filters } from '../../spec/index.ts';
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
      const size = await world.snapshots.writableSize(entry.id);
      await removeStopped(world, entry, { volumes: false });
      if (world.table.byId(entry.id) === entry) continue; // The container was started meanwhile.
      deleted.push(entry.id);
      reclaimedBytes += size;
    }
  } finally {
    world.lifetime.pruning = false;
  }
  world.events.emit('container', 'prune', '', { reclaimed: String(reclaimedBytes) });
  return { deleted, reclaimedBytes };
}
