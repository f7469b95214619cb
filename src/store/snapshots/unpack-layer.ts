import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import { spaceError, type TarLimits } from '../../io/index.ts';
import type { SnapshotDriver } from './driver.ts';
import type { LayerKey, LayerRecord } from './layer.ts';
import { chainKey, type LayerTable } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';
import type { LayerSource, Snapshots } from './snapshots.ts';

export interface UnpackLayerDeps {
  readonly driver: SnapshotDriver;
  readonly paths: SnapshotPaths;
  readonly table: LayerTable;
  readonly limits: TarLimits;
  readonly logger: Logger;
  /** Names in `new/` that are in use. */
  readonly working: Set<string>;
  /** Moves a folder to the trash. */
  readonly discard: (folder: string) => void;
}

type WantedLayer = Parameters<Snapshots['unpack']>[0];

/** Implements `Snapshots.unpack`. Concurrent calls for one chain unpack it once. */
export function layerUnpacking(deps: UnpackLayerDeps): Snapshots['unpack'] {
  const { table } = deps;
  const inFlight = new Map<LayerKey, Promise<LayerKey>>();
  let serial = 0;

  /** Waits for the layers of a chain that are being unpacked, and returns them all. */
  const below = async ({ parents, parentsReady }: WantedLayer): Promise<readonly LayerRecord[]> => {
    await parentsReady;
    for (let length = 1; length <= parents.length; length++) {
      const prefix = parents.slice(0, length);
      if (table.find(prefix) === undefined) await inFlight.get(chainKey(prefix));
    }
    return table.chain(parents);
  };

  return async (layer, source, signal) => {
    const diffIds = [...layer.parents, layer.diffId];
    const key = chainKey(diffIds);
    for (;;) {
      const found = table.find(diffIds);
      if (found !== undefined) return found.key;
      const running = inFlight.get(key);
      if (running === undefined) break;
      // The cancellation of another caller does not concern this one.
      await running.catch(() => {});
      if (signal.aborted) throw new EngineError('cancelled', 'unpacking was cancelled');
    }
    const fresh = { name: `${process.pid}-${serial++}`, below: () => below(layer) };
    const unpacking = unpackFresh(deps, { layer, source, ...fresh }, signal);
    inFlight.set(key, unpacking);
    try {
      return await unpacking;
    } finally {
      inFlight.delete(key);
    }
  };
}

interface FreshRequest {
  readonly layer: WantedLayer;
  readonly source: LayerSource;
  /** Name of a folder in `new/`. */
  readonly name: string;
  readonly below: () => Promise<readonly LayerRecord[]>;
}

async function unpackFresh(
  deps: UnpackLayerDeps,
  { layer, source, name, below }: FreshRequest,
  signal: AbortSignal,
): Promise<LayerKey> {
  const { driver, paths, table, limits, logger } = deps;
  const folder = join(paths.fresh, name);
  deps.working.add(name);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  try {
    const diffId = source.digest === layer.diffId ? undefined : layer.diffId;
    const archive = { file: source.path, diffId, limits };
    const tree = await driver.unpack({ folder, ...layer, archive, progress: source.progress, below }, signal);
    if (tree.skippedXattrs.length > 0) {
      logger.warn(
        { layer: layer.diffId, xattrs: tree.skippedXattrs },
        'the file system does not support these extended attributes',
      );
    }
    // Otherwise the layer was unpacked meanwhile for another image.
    if (table.get(tree.key) === undefined) keep(deps, folder, newRecord(table, layer, tree));
    return tree.key;
  } catch (error) {
    throw spaceError(error);
  } finally {
    deps.working.delete(name);
    deps.discard(folder);
  }
}

function newRecord(
  table: LayerTable,
  layer: { readonly diffId: Digest; readonly parents: readonly Digest[] },
  { key, sizeBytes, root, isOpaque }: Awaited<ReturnType<SnapshotDriver['unpack']>>,
): LayerRecord {
  const isSolo = key.startsWith('diff-');
  return {
    key,
    diffIds: isSolo ? [layer.diffId] : [...layer.parents, layer.diffId],
    sizeBytes,
    link: table.newLink(key),
    ...(root === undefined ? {} : { root }),
    ...(isOpaque ? { isOpaque: true } : {}),
  };
}

function keep({ paths, table }: UnpackLayerDeps, folder: string, record: LayerRecord): void {
  try {
    moveIntoPlace(paths, folder, record);
  } catch (error) {
    table.remove(record);
    throw error;
  }
  table.add(record);
}

/** The record is written first: a layer's folder is complete as soon as it has its name. */
function moveIntoPlace(paths: SnapshotPaths, folder: string, record: LayerRecord): void {
  const whole = join(folder, 'layer');
  mkdirSync(whole, { mode: 0o711 });
  writeFileSync(join(whole, 'layer.json'), JSON.stringify(record));
  renameSync(join(folder, 'fs'), join(whole, 'fs'));
  renameSync(whole, paths.layer(record));
}
