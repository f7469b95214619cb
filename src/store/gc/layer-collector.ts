import type { Logger } from '../../base/logger.ts';
import type { ImageStore, References } from '../images/image-store.ts';
import type { KnownLayer, LayerKey, Snapshots } from '../snapshots/index.ts';
import type { OpenLease } from './leases.ts';

export interface LayerCollectorDeps {
  readonly snapshots: Pick<Snapshots, 'chain' | 'layers' | 'layersInUse' | 'removeLayer'>;
  readonly images: Pick<ImageStore, 'references'>;
  readonly logger: Logger;
  /** Whether another owner keeps a layer of this key. */
  readonly isOwned: (key: LayerKey) => boolean;
}

export interface LayerCollector {
  /** Removes the unused layers among those that `isCandidate` picks, top first. */
  collect(isCandidate: (layer: KnownLayer) => boolean): Promise<void>;
  /** Removes the layers that were in use when they were collected. */
  collectHeldBack(): Promise<void>;
  unused(): readonly KnownLayer[];
}

export function createLayerCollector(deps: LayerCollectorDeps, leases: ReadonlySet<OpenLease>): LayerCollector {
  const { snapshots, images, logger } = deps;
  const heldBack = new Set<LayerKey>();
  const removeUnlessUsed = async (layer: KnownLayer): Promise<void> => {
    if (isLive(deps, images.references(), leases, layer)) return;
    if (snapshots.layersInUse().has(layer.key)) {
      heldBack.add(layer.key);
      return;
    }
    for (const key of keysOf(layer)) heldBack.delete(key);
    try {
      await snapshots.removeLayer(layer.key);
    } catch (error) {
      logger.warn({ layer: layer.key, err: error }, 'cannot remove an unused layer');
    }
  };
  const collect = async (isCandidate: (layer: KnownLayer) => boolean): Promise<void> => {
    const candidates = snapshots.layers().filter(isCandidate);
    candidates.sort((a, b) => (height(a) === height(b) ? 0 : height(b) - height(a)));
    // Each is looked at at its turn: the removal before it was awaited.
    for (const layer of candidates) await removeUnlessUsed(layer);
  };
  return {
    collect,
    async collectHeldBack() {
      if (heldBack.size > 0) await collect((layer) => keysOf(layer).some((key) => heldBack.has(key)));
    },
    unused() {
      const references = images.references();
      const inUse = snapshots.layersInUse();
      return snapshots.layers().filter((layer) => !inUse.has(layer.key) && !isLive(deps, references, leases, layer));
    },
  };
}

/** The keys by which the layer is found. */
export function keysOf({ key, sealedAs }: KnownLayer): readonly LayerKey[] {
  return sealedAs === undefined || sealedAs === key ? [key] : [key, sealedAs];
}

/** Sealed layers stand on those of images. */
function height({ diffIds }: KnownLayer): number {
  return diffIds.length === 0 ? Number.POSITIVE_INFINITY : diffIds.length;
}

function isLive(
  { snapshots, isOwned }: LayerCollectorDeps,
  references: References,
  leases: ReadonlySet<OpenLease>,
  layer: KnownLayer,
): boolean {
  const keys = keysOf(layer);
  if (keys.some(isOwned)) return true;
  for (const lease of leases) if (lease.layers.some((key) => keys.includes(key))) return true;
  const top = layer.diffIds.at(-1);
  if (top === undefined) return false;
  // While a chain is being unpacked not all of its keys are known: every layer of it is kept.
  for (const lease of leases) if (lease.chains.some((chain) => chain.includes(top))) return true;
  for (const chain of references.chains) {
    if (!chain.includes(top)) continue;
    try {
      if (snapshots.chain(chain).includes(layer.key)) return true;
    } catch {
      // The image is not unpacked as a whole. Its unpacked layers stay.
      return true;
    }
  }
  return false;
}
