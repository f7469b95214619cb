import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, errnoOf, notFound } from '../../base/errors.ts';
import { spaceError } from '../../io/index.ts';
import type { SnapshotDriver, WantedMount } from './driver.ts';
import { writableFolders } from './folders.ts';
import type { LayerKey } from './layer.ts';
import type { LayerTable } from './layer-table.ts';
import type { LimitedWritables } from './limited-writables.ts';
import { makeMountPoints, mountPointsSize } from './mount-points.ts';
import type { SnapshotPaths } from './paths.ts';
import type { MountOptions, Snapshots, UsedRoot } from './snapshots.ts';
import type { TreePool } from './worker/tree-pool.ts';
import type { WritableTable } from './writable-table.ts';

export interface WritableRootsDeps {
  readonly driver: SnapshotDriver;
  readonly use: (writable: WantedMount) => Promise<UsedRoot>;
  readonly paths: SnapshotPaths;
  readonly mountRoot: string;
  readonly table: LayerTable;
  readonly writables: WritableTable;
  readonly pool: TreePool;
  readonly limited: LimitedWritables;
  /** Moves the folder of a writable to the trash. */
  readonly discard: (folder: string) => void;
}

/** The methods of `Snapshots` on writables. */
export type WritableRoots = Pick<
  Snapshots,
  'createWritable' | 'mount' | 'use' | 'unmount' | 'removeWritable' | 'writables' | 'writableFolders' | 'writableSize'
>;

export function writableRoots(deps: WritableRootsDeps): WritableRoots {
  const { driver, paths, writables } = deps;
  const wanted = (id: string, { isVolatile = false, isReadOnly = false }: MountOptions = {}): WantedMount => ({
    id,
    folder: paths.writable(id),
    layers: writables.layersOf(id),
    isVolatile,
    isReadOnly,
  });
  return {
    createWritable: (id, base, options = {}) => create(deps, { ...options, id, base }),
    async mount(id, options) {
      const root = await driver.mount(wanted(id, options));
      if (options?.hasMountPoints === true) makeMountPoints(root, paths.writableFs(id));
      return root;
    },
    use: async (id, options) => deps.use(wanted(id, options)),
    unmount: (id) => driver.unmount(id),
    async removeWritable(id) {
      await driver.unmount(id);
      writables.remove(id);
      deps.discard(paths.writable(id));
    },
    writables: () => writables.ids(),
    writableFolders(id) {
      if (driver.name === 'vfs' || !writables.has(id)) return null;
      return writableFolders(paths, { id, layers: writables.layersOf(id), mountRoot: deps.mountRoot });
    },
    async writableSize(id) {
      if (!writables.has(id)) throw notFound('writable root', id);
      const written = paths.writableFs(id);
      const mountPointsBytes = driver.name === 'vfs' ? 0 : mountPointsSize(written);
      return (await deps.pool.run({ kind: 'size', path: written })) - mountPointsBytes;
    },
  };
}

/** A digest has a colon after its algorithm. */
function isChainOfKeys(base: NewWritable['base']): base is readonly LayerKey[] {
  return base.every((name) => !name.includes(':'));
}

type NewWritable = NonNullable<Parameters<Snapshots['createWritable']>[2]> & {
  readonly id: string;
  readonly base: Parameters<Snapshots['createWritable']>[1];
};

async function create(
  { driver, paths, table, writables, limited, discard }: WritableRootsDeps,
  { id, base, emptyFile, sizeBytes }: NewWritable,
): Promise<void> {
  if (writables.has(id)) throw conflict(`writable root ${id} exists`);
  const layers = isChainOfKeys(base) ? table.getAll(base) : table.chain(base);
  const folder = paths.writable(id);
  discard(folder);
  writables.claim(id, layers);
  try {
    mkdirSync(folder, { mode: 0o711 });
    if (sizeBytes !== undefined) {
      await limited.limit(id, sizeBytes);
      chmodSync(folder, 0o711);
    }
    await driver.create(folder, layers);
    if (emptyFile !== undefined) makeEmptyFile(join(paths.writableFs(id), emptyFile));
    writables.complete(id);
  } catch (error) {
    writables.remove(id);
    discard(folder);
    throw spaceError(error);
  }
}

/** An existing file of the image by that name stays, whatever it is. */
function makeEmptyFile(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
