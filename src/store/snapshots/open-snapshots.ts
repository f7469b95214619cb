import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DEFAULT_TAR_LIMITS, type TarLimits } from '../../io/index.ts';
import { detachMount, readMountInfo, spreadDirectories } from '../../linux/index.ts';
import type { Finding } from '../finding.ts';
import { auditSnapshots } from './audit.ts';
import { chooseDriver, type DriverChoice } from './choose-driver.ts';
import { type ContainerFiles, containerFiles } from './container-files.ts';
import type { SnapshotDriver } from './driver.ts';
import type { LayerKey } from './layer.ts';
import { layerOperations } from './layer-operations.ts';
import { LayerTable } from './layer-table.ts';
import { LimitedWritables } from './limited-writables.ts';
import { mergedLayers } from './merged-layers.ts';
import { makeMountPoints } from './mount-points.ts';
import { mountUses } from './mount-uses.ts';
import { type SnapshotPaths, snapshotPaths } from './paths.ts';
import { openRootFiles } from './root-files/open-root-files.ts';
import type { RootFiles } from './root-files/root-files.ts';
import { LayerUses } from './sealed/layer-uses.ts';
import { openSealedLayers } from './sealed/open-sealed-layers.ts';
import type { SealedLayers } from './sealed/sealed-layers.ts';
import type { Snapshots } from './snapshots.ts';
import { createStreamThreads } from './streams/stream-threads.ts';
import { openTreeTrash, type TreeTrash } from './tree-trash.ts';
import { type Trees, treesIn } from './trees.ts';
import { layerUnpacking } from './unpack-layer.ts';
import { createTreePool } from './worker/tree-pool.ts';
import { writableRoots } from './writable-roots.ts';
import { WritableTable } from './writable-table.ts';

export interface SnapshotsOptions extends DriverChoice {
  readonly dataRoot: string;
  /** Limits of one decompressed layer. Default: {@link DEFAULT_TAR_LIMITS}. */
  readonly limits?: { readonly maxBytes: number; readonly maxEntries: number };
}

export interface OpenSnapshots extends Snapshots, AsyncDisposable {
  /** The threads, for trees that are not layers: those of volumes. */
  readonly trees: Trees;
  readonly files: ContainerFiles;
  readonly sealed: SealedLayers;
  readonly rootFiles: RootFiles;
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
  const { dataRoot, logger, mountRoot } = options;
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
  const { driver, use, isUsed } = mountUses(chooseDriver(options, paths, pool));
  const streams = createStreamThreads();
  // Layers and writables are made and deleted as whole trees. See the function for the effect on ext4.
  for (const folder of [paths.fresh, paths.writables]) spreadDirectories(folder);
  /** Names in `new/` that are in use. */
  const working = new Set<string>();
  const discard = trash.take;
  const tables = { table, writables, limited };
  const roots = writableRoots({ driver, use, paths, mountRoot, ...tables, pool, discard: discardWritable });

  /** A container's root, for readers and writers of its files. */
  const useRoot = async (id: string) => {
    const used = await roots.use(id);
    makeMountPoints(used.path, paths.writableFs(id));
    return used;
  };
  const merged = mergedLayers({ driver, paths, working });
  const unpack = layerUnpacking({ driver, paths, table, limits, logger, working, discard });
  const uses = new LayerUses(table);
  const layersInUse = (): ReadonlySet<LayerKey> => new Set([...writables.layersInUse(), ...uses.keys()]);
  const sealed = openSealedLayers({
    ...{ driver, paths, ...tables, pool, streams, merged, uses, unpack, isUsed, discard },
    remove: roots.removeWritable,
  });
  return {
    driver: driver.name,
    unpack,
    sealed,
    ...layerOperations({ driver, paths, table, layersInUse, discard }),
    ...roots,
    trees: treesIn(pool, streams),
    rootFiles: openRootFiles({ pool, streams }),
    files: containerFiles({ driver, paths, writables, streams, use: useRoot, merged, logger }),
    swept: () => trash.swept(),
    audit: () => auditSnapshots({ paths, table, writables, layersInUse, unpacking: working, discard, pool }),
    [Symbol.asyncDispose]: () => close({ streams, sealed, driver, limited, trash, pool }),
  };
}

interface OpenParts {
  readonly streams: AsyncDisposable;
  readonly sealed: Disposable;
  readonly driver: SnapshotDriver;
  readonly limited: LimitedWritables;
  readonly trash: TreeTrash;
  readonly pool: AsyncDisposable;
}

async function close({ streams, sealed, driver, limited, trash, pool }: OpenParts): Promise<void> {
  await streams[Symbol.asyncDispose]();
  sealed[Symbol.dispose]();
  await driver.idle();
  await limited.rest((id) => driver.isMounted(id));
  trash.close();
  await pool[Symbol.asyncDispose]();
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
