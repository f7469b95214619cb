import { conflict } from '../../base/errors.ts';
import type { SnapshotDriver } from './driver.ts';
import { layerFolders } from './folders.ts';
import type { LayerKey } from './layer.ts';
import type { LayerTable } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';
import type { Snapshots } from './snapshots.ts';

interface LayerDeps {
  readonly driver: Pick<SnapshotDriver, 'name'>;
  readonly paths: SnapshotPaths;
  readonly table: LayerTable;
  readonly layersInUse: () => ReadonlySet<LayerKey>;
  readonly discard: (folder: string) => void;
}

/** The methods of `Snapshots` on layers. */
export function layerOperations({
  driver,
  paths,
  table,
  layersInUse,
  discard,
}: LayerDeps): Pick<Snapshots, 'chain' | 'removeLayer' | 'layersInUse' | 'layers' | 'layerFolders'> {
  return {
    chain: (diffIds) => table.chain(diffIds).map(({ key }) => key),
    async removeLayer(key) {
      const record = table.get(key);
      if (layersInUse().has(record?.key ?? key)) throw conflict(`layer ${key} is in use by a container`);
      if (record === undefined) return;
      table.remove(record);
      discard(paths.layer(record));
    },
    layersInUse,
    layers: () => table.all(),
    layerFolders(diffIds) {
      const isUnpacked = diffIds.every((_, at) => table.find(diffIds.slice(0, at + 1)) !== undefined);
      return driver.name === 'vfs' || !isUnpacked ? null : layerFolders(paths, table.chain(diffIds));
    },
  };
}
