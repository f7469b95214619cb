import { messageOf } from '../../base/errors.ts';
import { emitNetworkEvents, hostEndpoints } from '../events/network-events.ts';
import type { ContainerRecord } from '../model/record.ts';
import { rootsOf } from '../relations/image-mounts.ts';
import { networkSource } from '../relations/join-namespaces.ts';
import type { World } from '../world.ts';

export type ReleaseResourcesDeps = Pick<World, 'networks' | 'volumes' | 'snapshots' | 'sharedMemory' | 'logger'>;

/**
 * Releases the resources of a run: the container's network, the mounts of its volumes, and its root mount. Failures are
 * logged, and the other steps still run. May be repeated. The ended task is released separately: the runtime takes
 * longer for that, and a start waits for it by itself.
 */
export async function releaseResources(deps: ReleaseResourcesDeps, record: ContainerRecord): Promise<void> {
  // Nobody waits for the kernel here: the next mount and the removal of the files do so themselves.
  for (const root of rootsOf(record)) {
    deps.snapshots.unmount(root).catch((error: unknown) => {
      deps.logger.warn({ containerId: record.id, error: messageOf(error) }, 'cannot unmount a root file system');
    });
  }
  const steps: Promise<void>[] = [deps.networks.detach(record.id)];
  if (sharesMemory(record)) steps.push(deps.sharedMemory.unmount(record.id));
  for (const name of volumeNames(record)) steps.push(unmountVolume(deps, record, name));
  for (const outcome of await Promise.allSettled(steps)) {
    if (outcome.status === 'fulfilled') continue;
    deps.logger.warn(
      { containerId: record.id, error: messageOf(outcome.reason) },
      'clean-up of a container is incomplete',
    );
  }
}

/**
 * Announces that an ended process has left its networks and volumes. As with dockerd, these events come before `die`.
 */
export function announceLeaving(deps: Pick<World, 'networks' | 'events'>, record: ContainerRecord): void {
  const onHost = networkSource(record).kind === 'host';
  const endpoints = record.sandbox?.endpoints ?? (onHost ? hostEndpoints(deps) : {});
  emitNetworkEvents(deps, record.id, endpoints, 'disconnect');
  for (const name of volumeNames(record)) announceUnmount(deps, record, name);
}

export function announceUnmount({ events }: Pick<World, 'events'>, record: ContainerRecord, name: string): void {
  const driver = record.mounts.find((mount) => mount.Name === name)?.Driver ?? 'local';
  events.emit('volume', 'unmount', name, { container: record.id, driver });
}

/** Whether the container's /dev/shm is on the host, so that other containers can join it. */
export function sharesMemory({ hostConfig }: ContainerRecord): boolean {
  return hostConfig.IpcMode === 'shareable';
}

/** The volumes that the container mounts, each once. */
export function volumeNames(record: ContainerRecord): ReadonlySet<string> {
  const names = new Set<string>();
  for (const mount of record.mounts) {
    if (mount.Type === 'volume' && mount.Name !== undefined) names.add(mount.Name);
  }
  return names;
}

/** Unmounts a volume. Never rejects, so that it can be an undo step. */
export async function unmountVolume(
  deps: Pick<ReleaseResourcesDeps, 'volumes' | 'logger'>,
  record: ContainerRecord,
  name: string,
): Promise<void> {
  try {
    await deps.volumes.unmount(name, record.id);
  } catch (error) {
    deps.logger.warn({ containerId: record.id, volume: name, error: messageOf(error) }, 'cannot unmount a volume');
  }
}
