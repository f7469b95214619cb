import type { Readable } from 'node:stream';
import { decompress, withoutDestroy } from '../../io/index.ts';
import { resolveUser, USER_FILE_BYTES_MAX } from '../../runtime/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { CopyToOptions } from '../model/requests.ts';
import type { World } from '../world.ts';
import { locateFile } from './locate-file.ts';
import { inContainer } from './stat-path.ts';

export type CopyToDeps = Pick<
  World,
  'table' | 'volumes' | 'snapshots' | 'files' | 'pinnedPaths' | 'events' | 'dataRoot' | 'roots'
>;

/**
 * Unpacks a tar (plain, gzip or zstd) into a directory of a container, running or not. Files that were unpacked before
 * a failure stay.
 * @throws EngineError notFound; invalid when the path is not a directory or the archive is broken; forbidden where the
 * directory is read-only; noSpace
 */
export async function copyToContainer(
  world: CopyToDeps,
  ref: string,
  request: { readonly path: string; readonly archive: Readable; readonly options: CopyToOptions },
  signal: AbortSignal,
): Promise<void> {
  const { path, archive, options } = request;
  const { record } = world.table.resolve(ref);
  const { User: user = '' } = record.config;
  const ownerIn = (root: string): { uid: number; gid: number } =>
    resolveUser(user, [], (file) => world.roots.read(root, file, USER_FILE_BYTES_MAX)?.toString('utf8'));
  const owner = options.ownedByUser && user !== '' ? { ownerIn } : {};
  await using held = new AsyncDisposableStack();
  await inContainer(ref, path, async () => {
    const place = await locateFile(world, record, path, held);
    const { stream } = await decompress(withoutDestroy(archive));
    await world.files.write(place, stream, { keepDirectories: options.keepDirectories, ...owner }, signal);
  });
  emitContainerEvent(world.events, record, 'extract-to-dir');
}
