import { join } from 'node:path';
import { folderOf, type LayerRecord } from './layer.ts';

/**
 * The tree on disk, under the data root:
 *
 *     snapshots/
 *       layers/<key>/fs          an unpacked or sealed layer (by its first key)
 *       layers/<key>/layer.json  its record (layer-table.ts)
 *       l/<link>                 symlink to ../layers/<key>/fs: short, for kernels that mount by one page of options
 *       writables/<id>/fs        upper folder (overlay) or whole root (vfs) of a container
 *       writables/<id>/work      overlayfs's own
 *       writables/<id>/on.json   keys of the layers below, bottom first
 *       limited/<id>             the file system of a writable with a size, mounted over writables/<id>
 *       empty/                   the lower folder of images without layers
 *       new/                     unpacking in progress, and mounted chains; emptied at open
 *       trash/                   removed trees that wait for deletion; emptied at open
 */
export interface SnapshotPaths {
  readonly root: string;
  readonly layers: string;
  readonly links: string;
  readonly writables: string;
  readonly limited: string;
  readonly empty: string;
  readonly fresh: string;
  readonly trash: string;
  layer(layer: LayerPlace): string;
  layerFs(layer: LayerPlace): string;
  writable(id: string): string;
  writableFs(id: string): string;
}

type LayerPlace = Pick<LayerRecord, 'key' | 'sealedAs'>;

export function snapshotPaths(dataRoot: string): SnapshotPaths {
  const root = join(dataRoot, 'snapshots');
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    layers: at('layers'),
    links: at('l'),
    writables: at('writables'),
    limited: at('limited'),
    empty: at('empty'),
    fresh: at('new'),
    trash: at('trash'),
    layer: (layer) => at('layers', folderOf(layer)),
    layerFs: (layer) => at('layers', folderOf(layer), 'fs'),
    writable: (id) => at('writables', id),
    writableFs: (id) => at('writables', id, 'fs'),
  };
}
