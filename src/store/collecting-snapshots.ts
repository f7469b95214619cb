import type { Collector } from './gc/index.ts';
import type { Snapshots } from './snapshots/index.ts';

/** Wraps snapshots so that the removal of a container also deletes the layers that were kept only for it. */
export function collectingSnapshots(snapshots: Snapshots, collector: Pick<Collector, 'collectHeldBack'>): Snapshots {
  return {
    driver: snapshots.driver,
    unpack: (layer, source, signal) => snapshots.unpack(layer, source, signal),
    chain: (diffIds) => snapshots.chain(diffIds),
    removeLayer: (key) => snapshots.removeLayer(key),
    layersInUse: () => snapshots.layersInUse(),
    layers: () => snapshots.layers(),
    createWritable: (id, diffIds, options) => snapshots.createWritable(id, diffIds, options),
    mount: (id, options) => snapshots.mount(id, options),
    use: (id, options) => snapshots.use(id, options),
    unmount: (id) => snapshots.unmount(id),
    async removeWritable(id) {
      await snapshots.removeWritable(id);
      await collector.collectHeldBack();
    },
    writables: () => snapshots.writables(),
    writableFolders: (id) => snapshots.writableFolders(id),
    layerFolders: (diffIds) => snapshots.layerFolders(diffIds),
    writableSize: (id) => snapshots.writableSize(id),
  };
}
