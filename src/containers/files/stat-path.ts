import { EngineError, invalid } from '../../base/errors.ts';
import type { PathStat } from '../../store/index.ts';
import type { World } from '../world.ts';
import { locateFile } from './locate-file.ts';

export type StatPathDeps = Pick<World, 'table' | 'volumes' | 'snapshots' | 'files' | 'pinnedPaths' | 'dataRoot'>;

/** Describes the file at a path of a container, running or not. @throws EngineError notFound, invalid */
export async function statContainerPath(
  world: StatPathDeps,
  ref: string,
  path: string,
  signal: AbortSignal,
): Promise<PathStat> {
  const { record } = world.table.resolve(ref);
  await using held = new AsyncDisposableStack();
  return await inContainer(ref, path, async () =>
    world.files.stat(await locateFile(world, record, path, held), signal),
  );
}

/** Runs an access to a path. Reports a missing path in dockerd's words. @throws EngineError invalid without a path */
export async function inContainer<T>(ref: string, path: string, access: () => Promise<T>): Promise<T> {
  if (path === '') throw invalid('bad parameter: pathcannot be empty');
  try {
    return await access();
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'notFound') throw error;
    throw new EngineError('notFound', `Could not find the file ${path} in container ${ref}`, { cause: error });
  }
}
