import { join } from 'node:path';
import type { LayerRecord } from './layer.ts';
import type { SnapshotPaths } from './paths.ts';
import { visibleLayers } from './visible-layers.ts';

/** `LowerDir` (top first, separated by colons), `UpperDir`, `WorkDir`, `MergedDir`, as far as they exist. */
export type Folders = Readonly<Record<string, string>>;

/** The folders of a container's tree. */
export function writableFolders(
  paths: SnapshotPaths,
  {
    id,
    layers,
    mountRoot,
  }: { readonly id: string; readonly layers: readonly LayerRecord[]; readonly mountRoot: string },
): Folders {
  return {
    ...lower(paths, visibleLayers(layers)),
    MergedDir: join(mountRoot, id),
    UpperDir: paths.writableFs(id),
    WorkDir: join(paths.writable(id), 'work'),
  };
}

/** The folders of an image's tree. Null for an image without layers. */
export function layerFolders(paths: SnapshotPaths, layers: readonly LayerRecord[]): Folders | null {
  const visible = visibleLayers(layers);
  const top = visible.at(-1);
  return top === undefined ? null : { ...lower(paths, visible.slice(0, -1)), UpperDir: paths.layerFs(top) };
}

function lower(paths: SnapshotPaths, layers: readonly LayerRecord[]): Folders {
  if (layers.length === 0) return {};
  const topFirst = layers.toReversed().map(paths.layerFs);
  return { LowerDir: topFirst.join(':') };
}
