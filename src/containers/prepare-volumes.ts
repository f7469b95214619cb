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
  return record.mounts.map((mount) => {
    if (mount.Type !== 'volume' || mount.Name === undefined) return mount;
    deps.events.emit('volume', 'mount', mount.Name, {
      container: record.id,
      destination: mount.Destination,
      driver: mount.Driver ?? 'local',
      propagation: mount.Propagation,
      'read/write': String(mount.RW),
    });
    return { ...mount, Source: sources.get(mount.Name) ?? mount.Source };
  });
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
    if (!mount.copyUp || mount.Name === undefined) continue;
    await deps.volumes.copyUp(mount.Name, rootfs, mount.Destination, signal);
  }
}
