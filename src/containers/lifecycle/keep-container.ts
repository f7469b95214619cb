import type { ContainerRecord } from '../model/record.ts';
import type { World } from '../world.ts';

/** Makes a temporary container an ordinary one. One that is gone stays gone. */
export async function keepContainer(world: Pick<World, 'table' | 'locks'>, id: string): Promise<void> {
  using _lock = await world.locks.acquire(id);
  const entry = world.table.byId(id);
  if (entry === undefined || entry.isRemoving) return;
  const { isTemporary: _mark, ...record } = entry.record;
  world.table.put(entry, record satisfies ContainerRecord);
}
