import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, EngineError, errnoOf, notFound } from '../base/errors.ts';
import { newObjectId } from '../base/ids.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import { treeSize } from '../linux/index.ts';
import type { EventSink } from '../spec/index.ts';
import { type CopyFiles, copyUp } from './copy-up.ts';
import { listFilter, pruneFilter } from './filters.ts';
import { mountOptions, unmountOptions } from './option-mount.ts';
import { volumePaths } from './paths.ts';
import { ANONYMOUS_LABEL, checkName, checkOptions, noSuchVolume, type VolumeRecord } from './record.ts';
import type { CreateVolume, VolumeInspect, Volumes } from './volumes.ts';

export interface VolumesDeps {
  readonly records: Records<VolumeRecord>;
  readonly dataRoot: string;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly copyFiles: CopyFiles;
}

interface Use {
  /** Containers that refer to the volume. */
  readonly users: Set<string>;
  /** Containers that have it mounted. */
  readonly mounted: Set<string>;
}

/** The `local` driver: a folder per volume, or what its options mount there. */
export function createVolumes({ records, dataRoot, events, logger, copyFiles }: VolumesDeps): Volumes {
  const paths = volumePaths(dataRoot);
  const trash = join(dataRoot, 'trash', 'volumes');
  mkdirSync(paths.root, { recursive: true, mode: 0o701 });
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  const locks = new KeyedLock();
  const uses = new Map<string, Use>();
  let serial = 0;

  const find = (name: string): VolumeRecord => records.get(name) ?? noSuchVolume(name);
  const use = (name: string): Use => {
    const found = uses.get(name) ?? { users: new Set(), mounted: new Set() };
    uses.set(name, found);
    return found;
  };
  const isUsed = (name: string): boolean => (uses.get(name)?.users.size ?? 0) > 0;
  const inspect = (volume: VolumeRecord): VolumeInspect => ({
    CreatedAt: volume.createdAt,
    Driver: 'local',
    Labels: volume.labels,
    Mountpoint: paths.data(volume.name),
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  });
  const sweep = async (): Promise<void> => {
    try {
      for (const name of readdirSync(trash)) await rm(join(trash, name), { recursive: true, force: true });
    } catch (error) {
      logger.warn({ folder: trash, err: error }, 'cannot delete removed volumes; it is tried again at the next start');
    }
  };
  const discard = (name: string): void => {
    try {
      unmountOptions(paths.data(name));
      renameSync(paths.folder(name), join(trash, `${process.pid}-${Date.now()}-${serial++}`));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    setImmediate(() => void sweep());
  };
  /** With its lock held. Record first: a folder without one is swept at the next start. */
  const removeFree = (name: string): void => {
    records.delete(name);
    uses.delete(name);
    discard(name);
    events.emit('volume', 'destroy', name, { driver: 'local' });
  };

  return {
    async create(request) {
      if (request.driver !== undefined && request.driver !== '' && request.driver !== 'local') {
        const { driver } = request;
        throw notFoundPlugin(request.name, driver);
      }
      const name = request.name === '' ? newObjectId() : request.name;
      checkName(name);
      using _lock = await locks.acquire(name);
      const existing = records.get(name);
      if (existing !== undefined) return inspect(existing);
      const record = newRecord(name, request);
      try {
        mkdirSync(paths.folder(name), { recursive: true, mode: 0o701 });
        mkdirSync(paths.data(name), { recursive: true, mode: 0o755 });
        records.put(name, record);
      } catch (error) {
        discard(name);
        if (errnoOf(error) === 'ENOSPC') throw new EngineError('noSpace', 'no space left on device', { cause: error });
        throw error;
      }
      events.emit('volume', 'create', name, { driver: 'local' });
      return inspect(record);
    },
    list: (filters = {}) => records.all().filter(listFilter(filters, isUsed)).map(inspect),
    inspect: (name) => inspect(find(name)),
    async remove(name, { force }) {
      using _lock = await locks.acquire(name);
      if (records.get(name) === undefined) {
        if (force) return;
        noSuchVolume(name);
      }
      const users = [...(uses.get(name)?.users ?? [])];
      if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
      removeFree(name);
    },
    async prune(filters) {
      const matches = pruneFilter(filters);
      const deleted: string[] = [];
      let reclaimedBytes = 0;
      for (const { name } of records.all().filter(matches)) {
        using _lock = await locks.acquire(name);
        if (records.get(name) === undefined || isUsed(name)) continue;
        reclaimedBytes += treeSize(paths.data(name));
        removeFree(name);
        deleted.push(name);
      }
      events.emit('volume', 'prune', '', { reclaimed: String(reclaimedBytes) });
      return { deleted, reclaimedBytes };
    },
    reference: (name, containerId) => void use(name).users.add(containerId),
    release(name, containerId) {
      uses.get(name)?.users.delete(containerId);
    },
    async mountPath(name, containerId) {
      using _lock = await locks.acquire(name);
      const { options } = find(name);
      const data = paths.data(name);
      if (!statSync(data, { throwIfNoEntry: false })?.isDirectory()) {
        throw notFound('volume folder', data);
      }
      if (options !== null) mountOptions(name, data, options);
      use(name).mounted.add(containerId);
      events.emit('volume', 'mount', name, { container: containerId, destination: '', driver: 'local' });
      return data;
    },
    async unmount(name, containerId) {
      using _lock = await locks.acquire(name);
      const mounted = uses.get(name)?.mounted;
      if (mounted?.delete(containerId) !== true) return;
      if (mounted.size === 0 && records.get(name)?.options != null) unmountOptions(paths.data(name));
      events.emit('volume', 'unmount', name, { container: containerId, driver: 'local' });
    },
    async copyUp(name, rootfs, path, signal) {
      using _lock = await locks.acquire(name, signal);
      await copyUp({ rootfs, path, data: paths.data(find(name).name) }, copyFiles, signal);
    },
    async restore(containerIds) {
      for (const { users, mounted } of uses.values()) {
        for (const id of users) if (!containerIds.has(id)) users.delete(id);
        for (const id of mounted) if (!containerIds.has(id)) mounted.delete(id);
      }
      for (const name of readdirSync(paths.root)) if (records.get(name) === undefined) discard(name);
      void sweep();
    },
  };
}

function newRecord(name: string, request: CreateVolume): VolumeRecord {
  const options = request.driverOpts ?? {};
  checkOptions(name, options);
  const labels = { ...request.labels, ...(request.name === '' ? { [ANONYMOUS_LABEL]: '' } : {}) };
  return {
    name,
    createdAt: `${new Date().toISOString().slice(0, 19)}Z`,
    labels: request.labels === undefined && request.name !== '' ? null : labels,
    options: request.driverOpts === undefined || Object.keys(options).length === 0 ? null : options,
  };
}

function notFoundPlugin(name: string, driver: string): EngineError {
  return new EngineError(
    'notFound',
    `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
  );
}
