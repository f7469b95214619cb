import type { Digest } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { ContentStore } from './content/index.ts';
import type { ImageStore, StoredImage } from './images/index.ts';
import type { Snapshots } from './snapshots/index.ts';

export interface RepairDeps {
  readonly content: Pick<ContentStore, 'path'>;
  readonly images: Pick<ImageStore, 'list'>;
  readonly snapshots: Snapshots;
  readonly logger: Logger;
}

/**
 * Unpacks layers again whose trees a power cut may have damaged: those of the suspect targets that no durable image
 * shares. Their blobs have been verified. A layer below a container stays as it is, and is reported.
 */
export async function repairLayers(deps: RepairDeps, suspects: ReadonlySet<Digest>): Promise<void> {
  if (suspects.size === 0) return;
  const all = deps.images.list();
  const isSuspect = ({ target }: StoredImage): boolean => suspects.has(target.digest);
  const sound = new Set(
    all.filter((image) => !isSuspect(image)).flatMap(({ config }) => keysOf(deps.snapshots, config)),
  );
  for (const image of all.filter(isSuspect)) {
    const inUse = deps.snapshots.layersInUse();
    // Top first, since a layer may depend on those below. Then all are unpacked again from the bottom.
    for (const key of keysOf(deps.snapshots, image.config).toReversed()) {
      if (sound.has(key)) continue;
      if (inUse.has(key))
        deps.logger.warn({ layer: key, image: image.id }, 'a power cut may have damaged a layer in use');
      else await deps.snapshots.removeLayer(key);
    }
    await unpackChain(deps, image);
    deps.logger.info({ image: image.id }, 'layers unpacked again after a power cut');
  }
}

/** Unpacks the layers of an image that are not unpacked, from the bottom. @throws EngineError as `Snapshots.unpack` */
export async function unpackChain(
  { content, snapshots }: Pick<RepairDeps, 'content' | 'snapshots'>,
  { config, manifest }: Pick<StoredImage, 'config' | 'manifest'>,
): Promise<void> {
  const diffIds = config.rootfs.diff_ids;
  for (const [index, { digest }] of manifest.layers.entries()) {
    const diffId = diffIds[index];
    if (diffId === undefined) return;
    const source = { path: content.path(digest), digest };
    await snapshots.unpack({ diffId, parents: diffIds.slice(0, index) }, source, new AbortController().signal);
  }
}

function keysOf(snapshots: Snapshots, config: StoredImage['config']): ReturnType<Snapshots['chain']> {
  try {
    return snapshots.chain(config.rootfs.diff_ids);
  } catch {
    return [];
  }
}
