import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { conflict } from '../../base/errors.ts';
import { DEFAULT_TAR_LIMITS, type TarLimits } from '../../io/index.ts';
import { detachMount, readMountInfo, spreadDirectories } from '../../linux/index.ts';
import type { Finding } from '../finding.ts';
import { auditSnapshots } from './audit.ts';
import { chooseDriver, type DriverChoice } from './choose-driver.ts';
import { type ContainerFiles, containerFiles } from './container-files.ts';
import type { SnapshotDriver } from './driver.ts';
import { layerFolders } from './folders.ts';
import { LayerTable } from './layer-table.ts';
import { LimitedWritables } from './limited-writables.ts';
import { makeMountPoints } from './mount-points.ts';
import { mountUses } from './mount-uses.ts';
import { type SnapshotPaths, snapshotPaths } from './paths.ts';
import type { Snapshots } from './snapshots.ts';
import { createStreamThreads } from './streams/stream-threads.ts';
import { openTreeTrash } from './tree-trash.ts';
import { layerUnpacking } from './unpack-layer.ts';
import { createTreePool } from './worker/tree-pool.ts';
import { writableRoots } from './writable-roots.ts';
import { WritableTable } from './writable-table.ts';

export interface SnapshotsOptions extends DriverChoice {
  readonly dataRoot: string;
  /** Limits of one decompressed layer. Default: {@link DEFAULT_TAR_LIMITS}. */
  readonly limits?: { readonly maxBytes: number; readonly maxEntries: number };
}

/** Work on trees of files, in a thread. */
export interface Trees {
  /**
   * Copies a folder's content, with the folder's own owner, mode and attributes. `progress` gets the bytes copied so
   * far.
   * @throws EngineError cancelled, noSpace
   */
  copy(
    request: { readonly source: string; readonly target: string; readonly progress?: (bytes: number) => void },
    signal: AbortSignal,
  ): Promise<void>;
  /** Returns a folder with its own attributes (`./`) and its content as a plain tar. Destroy the stream to stop. */
  pack(folder: string, signal: AbortSignal): Promise<Readable>;
  /**
   * Unpacks a plain tar into an empty folder, which gets the attributes of the archive's root. The source is not
   * closed.
   * @throws EngineError invalid, tooLarge, noSpace, cancelled. Unpacked files stay
   */
  unpack(folder: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  sizeBytes(path: string, signal?: AbortSignal): Promise<number>;
  /** Deletes a tree. Never leaves the file system of `path`. */
  remove(path: string): Promise<void>;
}

export interface OpenSnapshots extends Snapshots, AsyncDisposable {
  /** The threads, for trees that are not layers: those of volumes. */
  readonly trees: Trees;
  readonly files: ContainerFiles;
  /** Resolves when removed trees are off the disk. */
  swept(): Promise<void>;
  /** Compares records and trees. */
  audit(): readonly Finding[];
}

/**
 * Opens the snapshots for one process. Deletes incomplete trees that a crash left. @throws EngineError unavailable when
 * the requested driver cannot work
 */
export function openSnapshots(options: SnapshotsOptions): OpenSnapshots {
  const { dataRoot, logger } = options;
  const limits = tarLimits(options.limits);
  const paths = snapshotPaths(dataRoot);
  mkdirSync(paths.root, { recursive: true, mode: 0o711 });
  const pool = createTreePool();
  const trash = openTreeTrash(paths.trash, pool, logger);
  clearFresh(paths, trash.take);
  const table = new LayerTable(paths, logger);
  const limited = new LimitedWritables(paths, { discard: trash.take, logger });
  const discardWritable = (folder: string): void => {
    const id = basename(folder);
    if (limited.isUnreachable(id)) return;
    limited.remove(id);
    trash.take(folder);
  };
  const writables = new WritableTable(paths, table, { discard: discardWritable, logger });
  const { driver, use } = mountUses(chooseDriver(options, paths, pool));
  const streams = createStreamThreads();
  // Layers and writables are made and deleted as whole trees. See the function for the effect on ext4.
  for (const folder of [paths.fresh, paths.writables]) spreadDirectories(folder);
  /** Names in `new/` that are in use. */
  const working = new Set<string>();
  const discard = trash.take;
  const { mountRoot } = options;
  const tables = { table, writables, limited };
  const roots = writableRoots({ driver, use, paths, mountRoot, ...tables, pool, discard: discardWritable });
  const remove = (path: string): Promise<undefined> => pool.run({ kind: 'remove', path });

  /** A container's root, for readers and writers of its files. */
  const useRoot = async (id: string) => {
    const used = await roots.use(id);
    makeMountPoints(used.path, paths.writableFs(id));
    return used;
  };
  return {
    driver: driver.name,
    unpack: layerUnpacking({ driver, paths, table, limits, logger, working, discard }),
    ...layerOperations({ driver, paths, table, writables, discard }),
    ...roots,
    trees: {
      copy: ({ source, target, progress }, signal) => pool.run({ kind: 'copy', source, target }, signal, progress),
      pack: async (folder, signal) => (await streams.read({ kind: 'archiveFolder', folder }, signal)).bytes,
      unpack: (folder, archive, signal) => streams.write({ kind: 'unpackFolder', folder }, archive, signal),
      sizeBytes: (path, signal) => pool.run({ kind: 'size', path }, signal),
      remove,
    },
    files: containerFiles({ driver, paths, writables, streams, use: useRoot, working, logger }),
    swept: () => trash.swept(),
    audit: () => auditSnapshots({ paths, table, writables, unpacking: working, discard, remove }),
    async [Symbol.asyncDispose]() {
      await streams[Symbol.asyncDispose]();
      await driver.idle();
      await limited.rest((id) => driver.isMounted(id));
      trash.close();
      await pool[Symbol.asyncDispose]();
    },
  };
}

interface LayerDeps {
  readonly driver: Pick<SnapshotDriver, 'name'>;
  readonly paths: SnapshotPaths;
  readonly table: LayerTable;
  readonly writables: WritableTable;
  readonly discard: (folder: string) => void;
}

function layerOperations({
  driver,
  paths,
  table,
  writables,
  discard,
}: LayerDeps): Pick<Snapshots, 'chain' | 'removeLayer' | 'layersInUse' | 'layers' | 'layerFolders'> {
  return {
    chain: (diffIds) => table.chain(diffIds).map(({ key }) => key),
    async removeLayer(key) {
      if (writables.layersInUse().has(key)) throw conflict(`layer ${key} is in use by a container`);
      const record = table.get(key);
      if (record === undefined) return;
      table.remove(record);
      discard(paths.layer(key));
    },
    layersInUse: () => writables.layersInUse(),
    layers: () => table.all(),
    layerFolders(diffIds) {
      const isUnpacked = diffIds.every((_, at) => table.find(diffIds.slice(0, at + 1)) !== undefined);
      return driver.name === 'vfs' || !isUnpacked ? null : layerFolders(paths, table.chain(diffIds));
    },
  };
}

function tarLimits(given: SnapshotsOptions['limits']): TarLimits {
  if (given === undefined) return DEFAULT_TAR_LIMITS;
  const { maxBytes, maxEntries } = given;
  return { ...DEFAULT_TAR_LIMITS, maxArchiveBytes: maxBytes, maxTotalBytes: maxBytes, maxEntries };
}

/** Deletes what a crash left in `new/`, mounts included. */
function clearFresh(paths: SnapshotPaths, discard: (folder: string) => void): void {
  mkdirSync(paths.fresh, { recursive: true, mode: 0o700 });
  const names = readdirSync(paths.fresh);
  if (names.length === 0) return;
  for (const { mountPoint } of readMountInfo()) if (mountPoint.startsWith(`${paths.fresh}/`)) detachMount(mountPoint);
  for (const name of names) discard(join(paths.fresh, name));
}
