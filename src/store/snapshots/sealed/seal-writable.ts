import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, invalid, notFound } from '../../../base/errors.ts';
import { spaceError, writeFileAtomic } from '../../../io/index.ts';
import type { SnapshotDriver } from '../driver.ts';
import type { LayerKey, LayerRecord } from '../layer.ts';
import type { LayerTable } from '../layer-table.ts';
import type { LimitedWritables } from '../limited-writables.ts';
import type { MergedLayers } from '../merged-layers.ts';
import type { SnapshotPaths } from '../paths.ts';
import type { TreePool } from '../worker/tree-pool.ts';
import type { WritableTable } from '../writable-table.ts';
import type { SealedTree } from './seal-tree.ts';
import type { SealOptions } from './sealed-layers.ts';

export interface SealDeps {
  readonly driver: SnapshotDriver;
  readonly paths: SnapshotPaths;
  readonly table: LayerTable;
  readonly writables: WritableTable;
  readonly limited: LimitedWritables;
  readonly pool: TreePool;
  readonly merged: (layers: readonly LayerRecord[]) => MergedLayers;
  /** Whether a reader uses the writable's root. */
  readonly isUsed: (id: string) => boolean;
  /** Removes a writable. */
  readonly remove: (id: string) => Promise<void>;
  /** Moves a folder to the trash. */
  readonly discard: (folder: string) => void;
}

/** Implements `SealedLayers.seal`. */
export async function sealWritable(
  deps: SealDeps,
  id: string,
  options: SealOptions = {},
): Promise<LayerKey | undefined> {
  const { driver, table, writables, limited, isUsed } = deps;
  if (!writables.has(id)) {
    const sealed = table.all().find((layer) => layer.writable === id);
    if (sealed !== undefined) return sealed.key;
    throw notFound('writable root', id);
  }
  if (limited.has(id)) throw invalid(`the writable root ${id} has a limited size: it cannot become a layer`);
  if (isUsed(id)) throw conflict(`the writable root ${id} is in use`);
  await driver.unmount(id);
  const tree = await sealedTree(deps, id, options);
  if (tree.isEmpty) {
    await deps.remove(id);
    return undefined;
  }
  return moveToLayers(deps, id, tree);
}

async function sealedTree(
  { driver, paths, writables, pool, merged }: SealDeps,
  id: string,
  { keepsMountPoints = false }: SealOptions,
): Promise<SealedTree> {
  using below = merged(writables.layersOf(id));
  const trees = {
    ...{ upper: paths.writableFs(id), lower: below.path, upperKind: driver.writableKind },
    withMountPoints: keepsMountPoints,
  };
  return await pool.run({ kind: 'seal', trees });
}

/**
 * The whole folder is renamed, with the layer's record in it: before that it is a writable, and after that a layer.
 * What belonged to the writable goes last, and at the next start after a crash.
 */
function moveToLayers({ paths, table, writables, discard }: SealDeps, id: string, tree: SealedTree): LayerKey {
  const key = `sealed-${randomBytes(16).toString('hex')}` as LayerKey;
  const isOnLayers = writables.keysOf(id).length > 0;
  const { sizeBytes, root } = tree;
  const record: LayerRecord = {
    ...{ key, diffIds: [], sizeBytes, link: table.newLink(key), root, sealedAs: key, writable: id },
    ...(isOnLayers ? { mayHide: true } : {}),
  };
  const folder = paths.writable(id);
  try {
    writeFileAtomic(join(folder, 'layer.json'), JSON.stringify(record));
    renameSync(folder, paths.layer(record));
  } catch (error) {
    table.remove(record);
    throw spaceError(error);
  }
  writables.remove(id);
  table.add(record);
  dropWritableParts(paths.layer(record), discard);
  return key;
}

/** Finishes the seals that a crash interrupted after the rename. */
export function finishSeals({ paths, table, discard }: Pick<SealDeps, 'paths' | 'table' | 'discard'>): void {
  for (const layer of table.all()) if (layer.sealedAs !== undefined) dropWritableParts(paths.layer(layer), discard);
}

/** on.json goes last: it tells that the rest may be there. */
function dropWritableParts(folder: string, discard: (folder: string) => void): void {
  const on = join(folder, 'on.json');
  if (!existsSync(on)) return;
  discard(join(folder, 'work'));
  rmSync(on);
}
