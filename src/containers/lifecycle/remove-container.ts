import { conflict, EngineError, internal, messageOf } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord, MountRecord } from '../model/record.ts';
import { dead, hasProcess } from '../model/state.ts';
import { rootsOf } from '../relations/image-mounts.ts';
import { releaseResources, volumeNames } from '../start/release-resources.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { abandonRestart } from './exit/abandon-restart.ts';
import { lockEntry } from './lock-entry.ts';
import { killAndWait, type SignalTaskDeps } from './signal-task.ts';

export type RemoveDeps = SignalTaskDeps &
  Pick<
    World,
    | 'locks'
    | 'logDelivery'
    | 'removedLogs'
    | 'networks'
    | 'volumes'
    | 'snapshots'
    | 'sharedMemory'
    | 'logger'
    | 'dataRoot'
    | 'reserve'
    | 'removeTree'
  >;

/**
 * Most removals whose files may be deleted in the background. Above it a removal waits for its own files, so that
 * removals cannot pile up.
 */
const BACKGROUND_REMOVALS_MAX = 100;

/**
 * Removes a container. Resolves when the container is unknown and its name, ports and volumes are free. Its files are
 * deleted in the background; after a crash restore deletes the rest.
 * @throws EngineError notFound; conflict when it runs without `force`, or is being removed already
 */
export async function removeContainer(
  world: RemoveDeps,
  ref: string,
  options: { readonly force: boolean; readonly volumes: boolean },
  signal: AbortSignal,
): Promise<void> {
  const entry = world.table.resolve(ref);
  if (entry.isRemoving) throw conflict(`removal of container ${ref} is already in progress`);
  using _lock = await lockEntry(world, entry, ref, signal);
  if (entry.isRemoving) throw conflict(`removal of container ${ref} is already in progress`);
  if (entry.record.state.running && !options.force) throw runningError(entry.record);
  entry.beginRemoval();
  try {
    if (!abandonRestart(world, entry) && hasProcess(entry.record)) await killAndWait(world, entry);
    await removeLocked(world, entry, options);
  } catch (error) {
    entry.cancelRemoval();
    if (error instanceof EngineError) throw error;
    throw internal(`cannot remove container "${entry.record.name}": ${messageOf(error)}`, error);
  }
}

/** Removes a container that has ended, unless it was started or removed meanwhile. For auto-remove and prune. */
export async function removeStopped(world: RemoveDeps, entry: Entry, options: { volumes: boolean }): Promise<void> {
  using _lock = await world.locks.acquire(entry.id);
  if (entry.isRemoving || entry.record.state.running || world.table.byId(entry.id) !== entry) return;
  await removeLocked(world, entry, options);
}

/** Removes an ended container that was made with `--rm`, in the background. */
export function autoRemove(world: RemoveDeps, entry: Entry): void {
  if (entry.record.hostConfig.AutoRemove !== true || entry.isRemoving) return;
  void world.background.run('auto-remove', entry.id, () => removeStopped(world, entry, { volumes: true }));
}

/** Removes a container without a process. The caller holds the lock. A failed removal leaves the container `dead`. */
export async function removeLocked(
  world: RemoveDeps,
  entry: Entry,
  options: { readonly volumes: boolean },
): Promise<void> {
  entry.beginRemoval();
  try {
    await release(world, entry, options);
  } catch (error) {
    entry.cancelRemoval();
    if (entry.record.phase === 'removing') world.table.note(entry, dead(entry.record));
    throw error;
  }
}

async function release(world: RemoveDeps, entry: Entry, options: { readonly volumes: boolean }): Promise<void> {
  const { state } = entry.record;
  const last: ContainerRecord = {
    ...entry.record,
    phase: 'removing',
    removeVolumes: options.volumes,
    state: { ...state, dead: false },
  };
  world.reserve.write(() => world.table.put(entry, last));
  if (entry.cleanup === undefined) await releaseResources(world, last);
  else await entry.cleanup;
  await releaseVolumes(world, last, options.volumes ? 'anonymous' : 'none');
  await world.removedLogs.keep(last);
  world.table.drop(entry);
  deleteExecs(world, entry);
  emitContainerEvent(world.events, last, 'destroy');
  if (entry.isAttached) endAttachments(world, entry);
  entry.waiters.removed({ exitCode: last.state.exitCode });
  const swept = world.background.run('removal of a container’s files', entry.id, async () => {
    await world.logDelivery.remove(entry.id);
    await sweep(world, last);
  });
  if (world.background.size > BACKGROUND_REMOVALS_MAX) await swept;
}

/** The next start of the daemon deletes execs without a container. */
function deleteExecs(world: RemoveDeps, entry: Entry): void {
  try {
    world.reserve.write(() => world.execs.deleteOf(entry.id));
  } catch (error) {
    world.logger.warn({ containerId: entry.id, error: messageOf(error) }, 'cannot delete the execs of a container');
  }
}

/** Deletes the files of a removed container, also after a crash. May be repeated. */
export async function sweep(world: RemoveDeps, record: ContainerRecord): Promise<void> {
  await world.removedLogs.keep(record);
  await Promise.all([
    ...rootsOf(record).map((root) => world.snapshots.removeWritable(root)),
    world.removeTree(containerPaths(world.dataRoot, record.id).folder),
  ]);
  world.reserve.write(() => world.table.forget(record.id));
  world.reserve.freed();
}

/**
 * Releases the container's volumes. `removes` says which of them are deleted: `none`, the `anonymous` ones without another user,
 * or only those that were `made` for this container. Undoing a create deletes no inherited volume.
 */
export async function releaseVolumes(
  world: Pick<World, 'volumes' | 'logger'>,
  record: ContainerRecord,
  removes: 'none' | 'anonymous' | 'made',
): Promise<void> {
  const names = volumeNames(record);
  for (const name of names) world.volumes.release(name, record.id);
  if (removes === 'none') return;
  for (const name of names) {
    const goes = (mount: MountRecord): boolean =>
      mount.Name === name && mount.anonymous && (removes === 'anonymous' || mount.inherited !== true);
    if (!record.mounts.some(goes)) continue;
    try {
      await world.volumes.remove(name, { force: true });
    } catch (error) {
      // Another container uses the volume (`--volumes-from`).
      world.logger.debug(
        { containerId: record.id, volume: name, error: messageOf(error) },
        'an anonymous volume is still in use',
      );
    }
  }
}

/** Ends the attachments that wait for a start. */
function endAttachments(world: Pick<World, 'background' | 'runtime'>, entry: Entry): void {
  void world.background.run('end of attachments', entry.id, () =>
    world.runtime.cancelAttach({ containerId: entry.id }),
  );
}

function runningError(record: ContainerRecord): EngineError {
  const advice = record.state.paused
    ? 'container is paused and must be unpaused first'
    : 'container is running: stop the container before removing or force remove';
  return conflict(`cannot remove container "${record.name}": ${advice}`);
}
