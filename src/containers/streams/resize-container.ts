import { conflict } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { hasProcess } from '../model/state.ts';
import type { World } from '../world.ts';

/**
 * Does nothing, and throws no error, without a terminal. @throws EngineError notFound, conflict when the container does
 * not run
 */
export async function resizeContainer(
  world: Pick<World, 'table' | 'runtime' | 'events'>,
  ref: string,
  rows: number,
  columns: number,
): Promise<void> {
  const { record } = world.table.resolve(ref);
  if (!hasProcess(record)) throw conflict(`container ${record.id} is not running`);
  if (record.config.Tty === true) await world.runtime.resize({ containerId: record.id }, rows, columns);
  emitContainerEvent(world.events, record, 'resize', { height: String(rows), width: String(columns) });
}
