import { readdirSync } from 'node:fs';
import { conflict, EngineError, invalid, messageOf } from '../base/errors.ts';
import { newObjectId } from '../base/ids.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import { spaceError } from '../io/index.ts';
import { isMountPoint } from '../linux/index.ts';
import { hasQuotas } from '../quota/index.ts';
import type { EventSink } from '../spec/index.ts';
import { cloneVolume } from './clone-volume.ts';
import { copyUp } from './copy-up.ts';
import { exportVolume } from './export-volume.ts';
import { importVolume } from './import-volume.ts';
import { mountContent, unmountContent } from './mount-content.ts';
import { checkDriverOptions, needsMount } from './mount-options.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './record.ts';
import { renameVolume } from './rename-volume.ts';
import type { VolumeTrees } from './trees.ts';
import type { VolumeData } from './volume-data.ts';
import { findVolume, nowInSeconds } from './volume-data-deps.ts';
import { listFilter, pruneFilter } from './volume-filters.ts';
import { VolumeFolders } from './volume-folders.ts';
import { checkVolumeName } from './volume-name.ts';
import { volumeSnapshots } from './volume-snapshots.ts';
import { VolumeUses } from './volume-uses.ts';
import type { CreateVolume, LocalVolumes, VolumeInspect } from './volumes.ts';

export interface VolumesDeps {
  /** Must be durable. */
  readonly records: Records<VolumeRecord>;
  readonly dataRoot: string;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly trees: VolumeTrees;
}

export interface OwnedVolumes extends LocalVolumes, VolumeData {
  /** Resolves when removed volumes are off the disk. */
  swept(): Promise<void>;
}

/**
 * Implements the `local` driver: a folder per volume, with the mount of its options over it. Makes folders and records
 * agree.
 */
export function createVolumes(deps: VolumesDeps): OwnedVolumes {
  const { records, dataRoot, logger, trees } = deps;
  const folders = new VolumeFolders(dataRoot, trees, logger);
  const shared: Shared = { ...deps, folders, uses: new VolumeUses(), locks: new KeyedLock() };
  reconcile(records, folders, logger);
  return {
    create: (request) => create(shared, request),
    ...queries(shared),
    ...removals(shared),
    reference: (name, containerId) => shared.uses.reference(name, containerId),
    release: (name, containerId) => shared.uses.release(name, containerId),
    ...volumeMounts(shared),
    ...volumeData(shared),
    swept: () => folders.swept(),
  };
}

interface Shared extends VolumesDeps {
  readonly folders: VolumeFolders;
  readonly uses: VolumeUses;
  /** By the volume's name. */
  readonly locks: KeyedLock;
}

async function create({ records, folders, locks, events }: Shared, request: CreateVolume): Promise<VolumeInspect> {
  const record = newRecord(request);
  const { name } = record;
  using _lock = await locks.acquire(name);
  const existing = records.get(name);
  if (existing !== undefined) return inspection(folders, existing);
  if (record.options !== null) prefixed(name, () => checkDriverOptions(record.options ?? {}, hasQuotas()));
  folders.make(name);
  try {
    records.put(name, record);
  } catch (error) {
    folders.discard(name);
    throw spaceError(error);
  }
  events.emit('volume', 'create', name, { driver: 'local' });
  return inspection(folders, record);
}

function queries({ records, folders, uses }: Shared): Pick<LocalVolumes, 'list' | 'inspect'> {
  return {
    async list(filters = {}) {
      const passes = await listFilter(filters);
      const candidates = records.all().map((volume) => ({ volume, isUsed: uses.isUsed(volume.name) }));
      return candidates.filter(passes).map(({ volume }) => inspection(folders, volume));
    },
    inspect: (name) => inspection(folders, findVolume(records, name)),
  };
}

function removals({ records, folders, uses, locks, events, trees }: Shared): Pick<LocalVolumes, 'remove' | 'prune'> {
  /**
   * The caller holds the lock. The folder is removed first: the next start drops a record without a folder, but keeps a
   * folder without a record.
   */
  const removeUnused = (name: string): void => {
    folders.discard(name);
    records.delete(name);
    events.emit('volume', 'destroy', name, { driver: 'local' });
  };
  return {
    async remove(name, { force }) {
      using _lock = await locks.acquire(name);
      if (force && records.get(name) === undefined) return;
      findVolume(records, name);
      const users = uses.users(name);
      if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
      removeUnused(name);
    },
    async prune(filters) {
      const passes = pruneFilter(filters);
      const deleted: string[] = [];
      let reclaimedBytes = 0;
      for (const { name } of records.all()) {
        using _lock = await locks.acquire(name);
        const volume = records.get(name);
        if (volume === undefined || !passes({ volume, isUsed: uses.isUsed(name) })) continue;
        const sizeBytes = folders.imageBytes(name) ?? (await trees.sizeBytes(folders.paths.data(name)));
        // A container may have requested the volume meanwhile: references take no lock.
        if (uses.isUsed(name)) continue;
        removeUnused(name);
        reclaimedBytes += sizeBytes;
        deleted.push(name);
      }
      events.emit('volume', 'prune', '', { reclaimed: String(reclaimedBytes) });
      return { deleted, reclaimedBytes };
    },
  };
}

function volumeData(shared: Shared): VolumeData {
  const deps = { ...shared, mounts: { ...volumeMounts(shared), ...queries(shared) } };
  return {
    clone: (from, to, onProgress, signal) => cloneVolume(deps, { from, to }, onProgress, signal),
    rename: (from, to) => renameVolume(deps, { from, to }),
    export: (name, signal) => exportVolume(deps, name, signal),
    import: (name, request, signal) => importVolume(deps, name, request, signal),
    ...volumeSnapshots(deps),
  };
}

function volumeMounts({
  records,
  folders,
  uses,
  locks,
  trees,
}: Shared): Pick<LocalVolumes, 'mountPath' | 'unmount' | 'copyUp' | 'restore'> {
  const { paths } = folders;
  return {
    async mountPath(name, containerId) {
      using _lock = await locks.acquire(name);
      const volume = findVolume(records, name);
      const data = paths.data(name);
      if (!folders.has(name))
        throw new EngineError('notFound', `error while mounting volume '${data}': no such directory`);
      if (needsMount(volume.options) && uses.mountCount(name) === 0 && !isMountPoint(data))
        await mountContent(folders, volume);
      uses.mount(name, containerId);
      return data;
    },
    async unmount(name, containerId) {
      using _lock = await locks.acquire(name);
      if (!uses.unmount(name, containerId)) return;
      const volume = records.get(name);
      if (volume !== undefined && needsMount(volume.options)) await unmountContent(folders, volume);
    },
    async copyUp(name, { rootfs, path, part }, signal) {
      using _lock = await locks.acquire(name, signal);
      const { options } = findVolume(records, name);
      const isAlone = part === undefined && !needsMount(options) && uses.mountCount(name) <= 1;
      const request = { rootfs, path, data: part ?? paths.data(name), fresh: paths.fresh(name), isAlone };
      await copyUp({ trees, discard: (half) => folders.discardPath(half) }, request, signal);
    },
    async restore(containerIds) {
      uses.keepOnly(containerIds);
      for (const volume of records.all()) {
        const { name, options } = volume;
        if (needsMount(options) && !isMountPoint(paths.data(name))) continue;
        // Each container may have been running. One that was not calls `unmount`.
        for (const id of uses.users(name)) uses.mount(name, id);
        if (needsMount(options) && !uses.isUsed(name)) await unmountContent(folders, volume);
      }
    },
  };
}

function inspection({ paths }: VolumeFolders, volume: VolumeRecord): VolumeInspect {
  return {
    CreatedAt: volume.createdAt,
    Driver: 'local',
    Labels: volume.labels,
    Mountpoint: paths.data(volume.name),
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  };
}

function newRecord({ name, driverOpts, labels }: CreateVolume): VolumeRecord {
  const isAnonymous = name === '';
  if (!isAnonymous) prefixed(name, () => checkVolumeName(name));
  return {
    name: isAnonymous ? newObjectId() : name,
    createdAt: nowInSeconds(),
    labels: isAnonymous ? { ...labels, [ANONYMOUS_LABEL]: '' } : (labels ?? null),
    options: driverOpts ?? null,
  };
}

/** Adds dockerd's `create x: ` to the error. */
function prefixed(name: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw invalid(`create ${name.slice(0, 300)}: ${messageOf(error)}`, error);
  }
}

/**
 * After a crash: a record without a folder was being removed, and an empty folder without a record was being created. A
 * folder with content is somebody's data, and becomes a volume again. Incomplete copies are deleted.
 */
function reconcile(records: Records<VolumeRecord>, folders: VolumeFolders, logger: Logger): void {
  folders.removeIncomplete();
  for (const { name } of records.all()) if (!folders.has(name)) records.delete(name);
  for (const name of folders.names()) {
    if (records.get(name) !== undefined || folders.removeEmpty(name)) continue;
    logger.warn(
      { volume: name, entries: readdirSync(folders.paths.data(name)).length },
      'found a volume without a record',
    );
    const limit = folders.imageLimit(name);
    records.put(name, { ...newRecord({ name }), name, options: limit === undefined ? null : { size: String(limit) } });
  }
}
