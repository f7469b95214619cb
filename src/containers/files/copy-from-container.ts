import { finished, type Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import type { PathStat } from '../../store/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { World } from '../world.ts';
import { locateFile } from './locate-file.ts';
import { inContainer } from './stat-path.ts';

export type CopyFromDeps = Pick<
  World,
  'table' | 'volumes' | 'snapshots' | 'files' | 'pinnedPaths' | 'events' | 'logger' | 'dataRoot'
>;

/**
 * Returns a file or directory of a container, running or not, as a tar whose first entry is the file or directory
 * itself. Destroy the stream to stop.
 * @throws EngineError notFound, invalid
 */
export async function copyFromContainer(
  world: CopyFromDeps,
  ref: string,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly stat: PathStat; readonly bytes: Readable }> {
  const { id, record } = world.table.resolve(ref);
  await using held = new AsyncDisposableStack();
  const copy = await inContainer(ref, path, async () =>
    world.files.read(await locateFile(world, record, path, held), signal),
  );
  const kept = held.move();
  finished(copy.bytes, { writable: false }, () => {
    kept.disposeAsync().catch((error: unknown) => {
      world.logger.warn({ containerId: id, error: messageOf(error) }, 'cannot unmount a volume after reading it');
    });
  });
  emitContainerEvent(world.events, record, 'archive-path');
  return copy;
}
