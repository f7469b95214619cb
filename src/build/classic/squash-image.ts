import type { HistoryEntry, ImageConfig } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { ClassicPorts } from './ports.ts';
import type { BuiltStage } from './stages/run-stages.ts';
import { leaseParent } from './steps/add-image.ts';
import { openRoot } from './steps/open-root.ts';
import { type StoredLayer, sealLayer } from './steps/store-layer.ts';

/**
 * Makes an image of the same files whose layers are those of the base, and one more for everything that the steps have
 * changed (`squash=1`). The image of the steps stays, for the cache. The steps stay in the history, without layers of their own. @throws EngineError noSpace, cancelled
 */
export async function squashImage(
  ports: Pick<ClassicPorts, 'snapshots' | 'content' | 'collector' | 'images'>,
  built: BuiltStage,
  signal: AbortSignal,
): Promise<StoredImage> {
  await using lease = ports.collector.lease();
  for (const image of [built.image, built.base]) leaseParent(image, lease);
  const below = built.base?.config.rootfs.diff_ids ?? [];
  const { sealed, rootFiles, chain } = ports.snapshots;
  await using root = await openRoot(ports, below);
  {
    await using lower = await sealed.view(chain(below));
    await using upper = await sealed.view(chain(built.image.config.rootfs.diff_ids));
    await rootFiles.applyChanges({ lower: lower.path, upper: upper.path, target: root.path, part: 'all' }, signal);
  }
  const layer = await sealLayer(ports, root.id, { below, lease }, signal);
  const layers = [...(built.base?.manifest.layers ?? []), ...(layer === undefined ? [] : [layer.descriptor])];
  return await ports.images.add({ config: squashedConfig(built, layer), layers, parent: undefined });
}

function squashedConfig({ image, base }: BuiltStage, layer: StoredLayer | undefined): ImageConfig {
  // Without the configuration of a step, so that the cache takes it for no step on an empty image.
  const { container: _, container_config: __, ...config } = image.config;
  const created = new Date().toISOString();
  const before = base?.config.history?.length ?? 0;
  const merged: HistoryEntry = {
    created,
    comment: base === undefined ? `create new from ${image.id}` : `merge ${image.id} to ${base.id}`,
    ...(layer === undefined ? { empty_layer: true } : {}),
  };
  const steps = (config.history ?? []).map((entry, at) => (at < before ? entry : { ...entry, empty_layer: true }));
  return {
    ...config,
    created,
    history: [...steps, merged],
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.config.rootfs.diff_ids ?? []), ...(layer === undefined ? [] : [layer.diffId])],
    },
  };
}
