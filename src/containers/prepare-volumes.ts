import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, invalid } from '../base/errors.ts';
import { giveBackVolume, volumeNames } from './give-back.ts';
import type { ContainerRecord, MountRecord } from './record.ts';
import type { World } from './world.ts';

type Deps = Pick<World, 'volumes' | 'events' | 'logger'>;

/** Mounts each volume of the container on the host; answers the mounts with their sources. Undone by `undo` on failure. */
export async function mountVolumes(
  deps: Deps,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<readonly MountRecord[]> {
  const names = volumeNames(record);
  if (names.size === 0) return record.mounts;
  const sources = new Map<string, string>();
  for (const name of names) {
    sources.set(name, await deps.volumes.mountPath(name, record.id));
    undo.defer(() => giveBackVolume(deps, record, name));
  }
  const mounts: MountRecord[] = [];
  for (const mount of record.mounts) {
    if (mount.Type !== 'volume' || mount.Name === undefined) {
      mounts.push(mount);
      continue;
    }
    const volume = sources.get(mount.Name) ?? mount.Source;
    deps.events.emit('volume', 'mount', mount.Name, {
      container: record.id,
      destination: mount.Destination,
      driver: mount.Driver ?? 'local',
      propagation: mount.Propagation,
      'read/write': String(mount.RW),
    });
    mounts.push({ ...mount, Source: mount.subpath === undefined ? volume : await inVolume(volume, mount.subpath) });
  }
  return mounts;
}

/**
 * A folder or file within a volume, its links followed as long as they stay there.
 * @throws EngineError invalid for what is not there, or is elsewhere
 */
async function inVolume(volume: string, subpath: string): Promise<string> {
  const path = join(volume, subpath);
  try {
    const [root, real] = await Promise.all([realpath(volume), realpath(path)]);
    if (real === root || real.startsWith(`${root}/`)) return real;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw invalid(`cannot access path ${path}: lstat ${path}: no such file or directory`, error);
  }
  throw invalid(`cannot access path ${path}: path escapes from the volume`);
}

/** Fills empty volumes from the image, before the first run only: what a user deletes from a volume stays deleted. */
export async function fillVolumes(
  deps: Deps,
  record: ContainerRecord,
  rootfs: string,
  signal: AbortSignal,
): Promise<void> {
  if (record.hasStarted) return;
  for (const mount of record.mounts) {
    if (!mount.copyUp || mount.Name === undefined || mount.subpath !== undefined) continue;
    await deps.volumes.copyUp(mount.Name, rootfs, mount.Destination, signal);
  }
}
