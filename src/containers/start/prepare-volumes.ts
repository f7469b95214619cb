import type { ContainerRecord, MountRecord } from '../model/record.ts';
import type { World } from '../world.ts';
import { announceUnmount, unmountVolume, volumeNames } from './release-resources.ts';

type Deps = Pick<World, 'volumes' | 'events' | 'logger'>;
type MountDeps = Deps & Pick<World, 'pinnedPaths' | 'background'>;

/**
 * Mounts each volume of the container on the host. Returns the mounts with their sources; the source of an image mount
 * includes its path in the image. `undo` unmounts the volumes on failure. `pins` hold subpaths until the container has
 * mounted them.
 * @throws EngineError notFound, invalid for a path that is not within its volume
 */
export async function mountVolumes(
  deps: MountDeps,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
  pins: DisposableStack,
): Promise<readonly MountRecord[]> {
  const names = volumeNames(record);
  if (names.size === 0 && !record.mounts.some(({ subpath }) => subpath !== undefined)) return record.mounts;
  const sources = new Map<string, string>();
  for (const name of names) {
    sources.set(name, await deps.volumes.mountPath(name, record.id));
    undo.defer(async () => {
      await unmountVolume(deps, record, name);
      announceUnmount(deps, record, name);
    });
  }
  const mounts: MountRecord[] = [];
  for (const mount of record.mounts) {
    if (mount.Type === 'image' && mount.subpath !== undefined) {
      mounts.push({ ...mount, Source: pin(deps, record, mount.Source, mount.subpath, pins) });
      continue;
    }
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
    mounts.push({
      ...mount,
      Source: mount.subpath === undefined ? volume : pin(deps, record, volume, mount.subpath, pins),
    });
  }
  return mounts;
}

/**
 * Returns the container's mounts as `inspect` shows them while it runs: a plugin may say only at the mount where a volume
 * is. The source of a subpath is the engine's own affair.
 */
export function withVolumePaths({ mounts }: ContainerRecord, mounted: readonly MountRecord[]): readonly MountRecord[] {
  return mounts.map((mount, index) =>
    mount.Type === 'volume' && mount.subpath === undefined
      ? { ...mount, Source: mounted[index]?.Source ?? mount.Source }
      : mount,
  );
}

/** Nobody waits for the release of a pin: the kernel takes a while to free a detached mount. */
function pin(deps: MountDeps, { id }: ContainerRecord, volume: string, subpath: string, pins: DisposableStack): string {
  const pinned = deps.pinnedPaths.pin(volume, subpath, id);
  pins.defer(() => {
    void deps.background.run('release of a path in a volume', id, async () => pinned[Symbol.asyncDispose]());
  });
  return pinned.path;
}

/**
 * Fills empty volumes from the image, or the empty folder of a volume that a mount uses. Only the container's first
 * start does it, so files that a user deletes from a volume stay deleted, and owners that a user chose stay. `mounts`
 * have their sources.
 */
export async function fillVolumes(
  deps: Deps,
  run: { readonly record: ContainerRecord; readonly rootfs: string; readonly mounts: readonly MountRecord[] },
  signal: AbortSignal,
): Promise<void> {
  if (run.record.hasStarted || run.record.volumesFilled === true) return;
  for (const { copyUp, Name, Destination: path, Source, subpath } of run.mounts) {
    if (!copyUp || Name === undefined) continue;
    const part = subpath === undefined ? undefined : Source;
    await deps.volumes.copyUp(Name, { rootfs: run.rootfs, path, part }, signal);
  }
}
