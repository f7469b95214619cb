import type { Readable } from 'node:stream';
import { conflict } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { World } from '../world.ts';

/**
 * Returns the container's root, without its volumes, as a tar. The container may run or not. Destroy the stream to
 * stop.
 * @throws EngineError notFound; conflict while it is being removed
 */
export async function exportContainer(
  world: Pick<World, 'table' | 'files' | 'events'>,
  ref: string,
  signal: AbortSignal,
): Promise<Readable> {
  const { id, record, isRemoving } = world.table.resolve(ref);
  if (record.state.dead) throw conflict(`You cannot export container ${id} which is Dead`);
  if (isRemoving) throw conflict(`You cannot export container ${id} which is being removed`);
  const archive = await world.files.export(id, signal);
  emitContainerEvent(world.events, record, 'export');
  return archive;
}
