import type { FileChange } from '../../store/index.ts';
import type { World } from '../world.ts';

/** What the container wrote over its image, by name. @throws EngineError notFound */
export async function diffContainer(
  world: Pick<World, 'table' | 'files'>,
  ref: string,
  signal: AbortSignal,
): Promise<readonly FileChange[]> {
  return world.files.changes(world.table.resolve(ref).id, signal);
}
