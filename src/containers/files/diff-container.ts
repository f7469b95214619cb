import type { FileChange } from '../../store/index.ts';
import type { World } from '../world.ts';

/** Lists the paths that the container has changed over its image, ordered by name. @throws EngineError notFound */
export async function diffContainer(
  world: Pick<World, 'table' | 'files'>,
  ref: string,
  signal: AbortSignal,
): Promise<readonly FileChange[]> {
  return world.files.changes(world.table.resolve(ref).id, signal);
}
