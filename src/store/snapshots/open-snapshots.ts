import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, EngineError, errnoOf, notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import { DEFAULT_TAR_LIMITS, type TarLimits } from '../../io/index.ts';
import { detachMount, readMountInfo, spreadDirectories } from '../../linux/index.ts';
import type { Finding } from '../check/finding.ts';
import { auditSnapshots } from './audit.ts';
import { type ContainerFiles, containerFiles } from './container-files.ts';
import type { SnapshotDriver, WantedMount } from './driver.ts';
import { layerFolders, writableFolders } from './folders.ts';
import { layerMounts } from './layer-mounts.ts';
import { chainKey, type LayerRecord, LayerTable } from './layer-table.ts';
import { mountUses } from './mount-uses.ts';
import { overlayDriver } from './overlay-driver.ts';
import { type SnapshotPaths, snapshotPaths } from './paths.ts';
import type { LayerKey, LayerSource, MountOptions, Snapshots } from './snapshots.ts';
import { createStreamThreads } from './streams/stream-threads.ts';
import { openTreeTrash } from './tree-trash.ts';
import { vfsDriver } from './vfs-driver.ts';
import { createTreePool, type TreePool } from './worker/tree-pool.ts';
import { WritableTable } from './writable-table.ts';

export interface SnapshotsOptions {
  readonly dataRoot: string;
  /** Folder for mounted roots, such as `<execRoot>/rootfs`. */
  readonly mountRoot: string;
  /** `auto`: overlay where a try mount works, else vfs with a warning. */
  readonly driver: 'auto' | 'overlay2' | 'vfs';
  /** Of one layer, decompressed. Default: {@link DEFAULT_TAR_LIMITS}. */
  readonly limits?: { readonly maxBytes: number; readonly maxEntries: number };
  readonly logger: Logger;
}

/** Work on trees of files, in a thread. */
export interface Trees {
  /** Copies a folder's content, its own owner, mode and attributes included. @throws EngineError cancelled, noSpace */
  copy(source: string, target: string, signal: AbortSignal): Promise<void>;
  sizeBytes(path: string): Promise<number>;
  /** Never leaves the file system that `path` is on. */
  remove(path: string): Promise<void>;
}

export interface OpenSnapshots extends Snapshots, AsyncDisposable {
  /** The threads, for trees that are not layers: those of volumes. */
  readonly trees: Trees;
  readonly files: ContainerFiles;
  /** Resolves when removed trees are off the disk. */
  swept(): Promise<void>;
  /** Whether records and trees agree. */
  audit(): readonly Finding[];
}

/** One process at a time. What a crash left half-made is removed. @throws EngineError unavailable when the wanted driver cannot work */
export function openSnapshots(options: SnapshotsOptions): OpenSnapshots {
  const { dataRoot, logger } = options;
  const limits = tarLimits(options.limits);
  const paths = snapshotPaths(dataRoot);
  mkdirSync(paths.root, { recursive: true, mode: 0o711 });
  const pool = createTreePool();
  const trash = openTreeTrash(paths.trash, pool, logger);
  clearFresh(paths, trash.take);
  const table = new LayerTable(paths, logger);
  const writables = new WritableTable(paths, table, { discard: trash.take, logger });
  const { driver, use } = mountUses(chooseDriver(options, paths, pool));
  const streams = createStreamThreads();
  // Layers and writables come and go as whole trees: see the function for what that means on ext4.
  for (const folder of [paths.fresh, paths.writables]) spreadDirectories(folder);
  const inFlight = new Map<LayerKey, Promise<LayerKey>>();
  /** Names in `new/`. */
  const working = new Set<string>();
  let serial = 0;

  /** The layers of a chain once those being unpacked are done. */
  const below = async (diffIds: readonly Digest[]): Promise<readonly LayerRecord[]> => {
    for (let length = 1; length <= diffIds.length; length++) {
      const prefix = diffIds.slice(0, length);
      if (table.find(prefix) === undefined) await inFlight.get(chainKey(prefix));
    }
    return table.chain(diffIds);
  };

  const unpackFresh = async (
    layer: Parameters<Snapshots['unpack']>[0],
    source: LayerSource,
    signal: AbortSignal,
  ): Promise<LayerKey> => {
    const name = `${process.pid}-${serial++}`;
    const folder = join(paths.fresh, name);
    working.add(name);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    try {
      const diffId = source.digest === layer.diffId ? undefined : layer.diffId;
      const archive = { file: source.path, diffId, limits };
      const belowWhenReady = async (): Promise<readonly LayerRecord[]> => {
        await layer.parentsReady;
        return below(layer.parents);
      };
      const tree = await driver.unpack(
        { folder, ...layer, archive, progress: source.progress, below: belowWhenReady },
        signal,
      );
      if (tree.skippedXattrs.length > 0) {
        logger.warn({ layer: layer.diffId, xattrs: tree.skippedXattrs }, 'the file system takes no such attributes');
      }
      const { key, sizeBytes, root } = tree;
      if (table.get(key) !== undefined) return key; // Unpacked meanwhile for another image.
      const isSolo = key.startsWith('diff-');
      const diffIds = isSolo ? [layer.diffId] : [...layer.parents, layer.diffId];
      const record: LayerRecord = {
        key,
        diffIds,
        sizeBytes,
        link: table.newLink(key),
        ...(root === undefined ? {} : { root }),
        ...(tree.isOpaque ? { isOpaque: true } : {}),
      };
      try {
        moveIntoPlace(paths, folder, record);
      } catch (error) {
        table.remove(record);
        throw error;
      }
      table.add(record);
      return key;
    } catch (error) {
      throw spaceOr(error);
    } finally {
      working.delete(name);
      trash.take(folder);
    }
  };

  const wanted = (id: string, { isVolatile = false, isReadOnly = false }: MountOptions = {}): WantedMount => ({
    id,
    folder: paths.writable(id),
    layers: writables.layersOf(id),
    isVolatile,
    isReadOnly,
  });

  return {
    driver: driver.name,
    async unpack(layer, source, signal) {
      const diffIds = [...layer.parents, layer.diffId];
      const key = chainKey(diffIds);
      for (;;) {
        const found = table.find(diffIds);
        if (found !== undefined) return found.key;
        const running = inFlight.get(key);
        if (running === undefined) break;
        // Another caller's cancellation is not ours.
        await running.catch(() => {});
        if (signal.aborted) throw new EngineError('cancelled', 'unpacking was cancelled');
      }
      const unpacking = unpackFresh(layer, source, signal);
      inFlight.set(key, unpacking);
      try {
        return await unpacking;
      } finally {
        inFlight.delete(key);
      }
    },
    chain: (diffIds) => table.chain(diffIds).map(({ key }) => key),
    async removeLayer(key) {
      if (writables.layersInUse().has(key)) throw conflict(`layer ${key} is in use by a container`);
      const record = table.get(key);
      if (record === undefined) return;
      table.remove(record);
      trash.take(paths.layer(key));
    },
    layersInUse: () => writables.layersInUse(),
    layers: () => table.all(),
    async createWritable(id, diffIds, { emptyFile } = {}) {
      if (writables.has(id)) throw conflict(`writable root ${id} exists`);
      const layers = table.chain(diffIds);
      const folder = paths.writable(id);
      trash.take(folder);
      writables.claim(id, layers);
      try {
        mkdirSync(folder, { mode: 0o711 });
        await driver.create(folder, layers);
        if (emptyFile !== undefined) makeEmptyFile(join(paths.writableFs(id), emptyFile));
        writables.complete(id);
      } catch (error) {
        writables.remove(id);
        trash.take(folder);
        throw spaceOr(error);
      }
    },
    mount: async (id, options) => driver.mount(wanted(id, options)),
    use: async (id, options) => use(wanted(id, options)),
    unmount: (id) => driver.unmount(id),
    async removeWritable(id) {
      await driver.unmount(id);
      writables.remove(id);
      trash.take(paths.writable(id));
    },
    writables: () => writables.ids(),
    writableFolders(id) {
      if (driver.name === 'vfs' || !writables.has(id)) return null;
      return writableFolders(paths, { id, layers: writables.layersOf(id), mountRoot: options.mountRoot });
    },
    layerFolders(diffIds) {
      const isUnpacked = diffIds.every((_, at) => table.find(diffIds.slice(0, at + 1)) !== undefined);
      return driver.name === 'vfs' || !isUnpacked ? null : layerFolders(paths, table.chain(diffIds));
    },
    async writableSize(id) {
      if (!writables.has(id)) throw notFound('writable root', id);
      return pool.run({ kind: 'size', path: paths.writableFs(id) });
    },
    trees: {
      copy: (source, target, signal) => pool.run({ kind: 'copy', source, target }, signal),
      sizeBytes: (path) => pool.run({ kind: 'size', path }),
      remove: (path) => pool.run({ kind: 'remove', path }),
    },
    files: containerFiles({ driver, paths, writables, streams, use: (id) => use(wanted(id)), working, logger }),
    swept: () => trash.swept(),
    audit: () =>
      auditSnapshots({
        paths,
        table,
        writables,
        unpacking: working,
        discard: trash.take,
        remove: (path) => pool.run({ kind: 'remove', path }),
      }),
    async [Symbol.asyncDispose]() {
      await streams[Symbol.asyncDispose]();
      await driver.idle();
      trash.close();
      await pool[Symbol.asyncDispose]();
    },
  };
}

function tarLimits(given: SnapshotsOptions['limits']): TarLimits {
  if (given === undefined) return DEFAULT_TAR_LIMITS;
  const { maxBytes, maxEntries } = given;
  return { ...DEFAULT_TAR_LIMITS, maxArchiveBytes: maxBytes, maxTotalBytes: maxBytes, maxEntries };
}

function chooseDriver(
  { driver, mountRoot, logger }: SnapshotsOptions,
  paths: SnapshotPaths,
  pool: TreePool,
): SnapshotDriver {
  if (driver === 'vfs') return vfsDriver({ paths, pool });
  const mounts = layerMounts(paths);
  if (mounts.work()) return overlayDriver({ paths, mountRoot, pool, mounts });
  if (driver === 'overlay2') {
    throw new EngineError(
      'unavailable',
      `overlay mounts do not work on the file system of ${paths.root}: use --storage-driver vfs`,
    );
  }
  logger.warn(
    { folder: paths.root },
    'overlay mounts do not work on this file system: every container is a full copy (vfs)',
  );
  return vfsDriver({ paths, pool });
}

/** What a crash left in `new/`, mounts included. */
function clearFresh(paths: SnapshotPaths, discard: (folder: string) => void): void {
  mkdirSync(paths.fresh, { recursive: true, mode: 0o700 });
  const names = readdirSync(paths.fresh);
  if (names.length === 0) return;
  for (const { mountPoint } of readMountInfo()) if (mountPoint.startsWith(`${paths.fresh}/`)) detachMount(mountPoint);
  for (const name of names) discard(join(paths.fresh, name));
}

/** The record goes in first: a layer's folder is whole as soon as it has its name. */
function moveIntoPlace(paths: SnapshotPaths, folder: string, record: LayerRecord): void {
  const whole = join(folder, 'layer');
  mkdirSync(whole, { mode: 0o711 });
  writeFileSync(join(whole, 'layer.json'), JSON.stringify(record));
  renameSync(join(folder, 'fs'), join(whole, 'fs'));
  renameSync(whole, paths.layer(record.key));
}

/** What an image has by that name stays, whatever it is. */
function makeEmptyFile(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function spaceOr(error: unknown): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new EngineError('noSpace', 'no space left on device', { cause: error });
}
