import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotDriver } from './driver.ts';
import type { LayerRecord } from './layer.ts';
import { chainKey } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';
import { unpackMerged } from './unpack-merged.ts';
import type { TreePool } from './worker/tree-pool.ts';

/**
 * The vfs driver, which works on every file system: each layer and each writable is a whole copy (by reflink where that
 * is supported).
 */
export function vfsDriver({ paths, pool }: { readonly paths: SnapshotPaths; readonly pool: TreePool }): SnapshotDriver {
  const copyTop = async (layers: readonly LayerRecord[], target: string, signal?: AbortSignal): Promise<void> => {
    const top = layers.at(-1);
    if (top !== undefined) await pool.run({ kind: 'copy', source: paths.layerFs(top), target }, signal);
  };
  return {
    name: 'vfs',
    async unpack(layer, signal) {
      const target = join(layer.folder, 'fs');
      mkdirSync(target, { mode: 0o755 });
      await copyTop(await layer.below(), target, signal);
      const tree = await unpackMerged(pool, { ...layer.archive, target }, signal, layer.progress);
      return { ...tree, key: chainKey([...layer.parents, layer.diffId]) };
    },
    async create(folder, layers) {
      const target = join(folder, 'fs');
      mkdirSync(target);
      chmodSync(target, 0o755);
      await copyTop(layers, target);
    },
    mount: ({ folder }) => Promise.resolve(join(folder, 'fs')),
    isMounted: () => true,
    unmount: () => Promise.resolve(),
    writableKind: 'whole',
    merged(layers) {
      const top = layers.at(-1);
      return { path: top && paths.layerFs(top), [Symbol.dispose]() {} };
    },
    idle: () => Promise.resolve(),
  };
}
