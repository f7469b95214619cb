import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { ContentStore } from '../content/index.ts';
import type { ImageStore, References } from '../images/image-store.ts';
import type { LayerKey, Snapshots } from '../snapshots/index.ts';
import { loadRetainedBlobs, type RetainedBlob } from './retained-blobs.ts';

/**
 * Deletes blobs and unpacked layers that nothing refers to. References are the images, the leases of work in progress
 * and, for layers, the writable roots of containers. The collector reads them in the same tick in which it deletes, so
 * that no content comes into use in between.
 *
 * Words: a *lease* keeps content alive while an operation works with it. A *retained* blob is kept for a download that
 * may be resumed.
 *
 * One life of a layer's content: a pull takes a `lease` and puts each blob and layer chain on it before it looks
 * whether the content exists. When the download is interrupted, `retain` keeps the complete blobs for a week. When it
 * succeeds, the image store refers to the content, and the pull disposes the lease: the collector deletes the content
 * of the lease that nothing refers to. When the image is removed, `collect` deletes the blobs and layers that only the
 * image used. A layer below a container stays until `collectHeldBack`, after the container's removal. After a crash
 * `reconcile` deletes the unused rest.
 */
export interface Collector {
  /**
   * Opens a lease. Take it before looking whether content exists, and dispose it once an image refers to the content.
   */
  lease(): Lease;
  /**
   * Keeps a blob that no image refers to, beyond leases and restarts, for a pull that may be resumed: for a week, or
   * until it is released.
   */
  retain(digest: Digest): void;
  /**
   * Ends {@link retain}. A blob that nothing refers to is deleted with the next lease that names it, or at the next
   * start.
   */
  release(digests: readonly Digest[]): void;
  /** Deletes blobs that were retained for a week and not used. */
  expire(): void;
  /** Deletes those of the candidates that are no longer in use. */
  collect(candidates: References): Promise<void>;
  /**
   * Deletes layers that were kept only for removed containers. Call it after removing a writable. It costs nothing when
   * there are none.
   */
  collectHeldBack(): Promise<void>;
  /** Deletes all unused content on disk. For the start, after a crash. */
  reconcile(): Promise<void>;
  /** Whether an image, work in progress or another owner refers to the blob. */
  isUsed(digest: Digest): boolean;
  /** Whether work in progress holds the blob. */
  isLeased(digest: Digest): boolean;
  /** Returns the unused content on disk, and as `lost` the retained blobs that are missing. */
  audit(): { readonly blobs: readonly Digest[]; readonly layers: readonly Layer[]; readonly lost: readonly Digest[] };
}

/** Keeps content alive that no image refers to yet. Disposing it deletes the content that nothing refers to by then. */
export interface Lease extends AsyncDisposable {
  blob(digest: Digest): void;
  /** Puts a layer chain, bottom first, on the lease. */
  chain(diffIds: readonly Digest[]): void;
}

export interface CollectorDeps {
  readonly content: Pick<ContentStore, 'list' | 'has' | 'delete'>;
  readonly snapshots: Pick<Snapshots, 'chain' | 'layers' | 'layersInUse' | 'removeLayer'>;
  readonly images: Pick<ImageStore, 'references'>;
  readonly logger: Logger;
  /** Other owners of blobs. They are asked at the moment of deletion. */
  readonly gcRoots?: readonly GcRoot[];
  /** The table `retained_blobs`. */
  readonly retained: Records<RetainedBlob>;
}

/** Returns whether a blob must stay, from memory. */
export type GcRoot = (digest: Digest) => boolean;

interface OpenLease {
  readonly blobs: Set<Digest>;
  readonly chains: (readonly Digest[])[];
}

export function createCollector(deps: CollectorDeps): Collector {
  const leases = new Set<OpenLease>();
  const retained = loadRetainedBlobs(deps);
  const layers = createLayerCollector(deps, leases);

  const unusedOf = (candidates: Iterable<Digest>): Digest[] => {
    const live = new Set(deps.images.references().blobs);
    for (const lease of leases) for (const digest of lease.blobs) live.add(digest);
    for (const digest of retained.digests()) live.add(digest);
    return [...candidates].filter(
      (digest) => !live.has(digest) && deps.gcRoots?.some((keeps) => keeps(digest)) !== true,
    );
  };
  const collectBlobs = (candidates: Iterable<Digest>): void => {
    for (const digest of unusedOf(candidates)) deps.content.delete(digest);
  };
  const collect = async (candidates: References): Promise<void> => {
    collectBlobs(candidates.blobs);
    const diffIds = new Set(candidates.chains.flat());
    await layers.collect((layer) => diffIds.has(topOf(layer)));
  };

  return {
    lease: () => openLease(leases, collect),
    retain: (digest) => retained.add(digest),
    release: (digests) => retained.delete(digests),
    expire: () => collectBlobs(retained.deleteExpired()),
    collect,
    collectHeldBack: () => layers.collectHeldBack(),
    async reconcile() {
      collectBlobs(deps.content.list());
      await layers.collect(() => true);
    },
    isUsed: (digest) => unusedOf([digest]).length === 0,
    isLeased: (digest) => [...leases].some(({ blobs }) => blobs.has(digest)),
    audit: () => ({
      blobs: unusedOf(deps.content.list()),
      layers: layers.unused(),
      lost: [...retained.digests()].filter((digest) => !deps.content.has(digest)),
    }),
  };
}

function openLease(leases: Set<OpenLease>, collect: (candidates: References) => Promise<void>): Lease {
  const lease: OpenLease = { blobs: new Set(), chains: [] };
  leases.add(lease);
  return {
    blob: (digest) => void lease.blobs.add(digest),
    chain: (diffIds) => void lease.chains.push(diffIds),
    async [Symbol.asyncDispose]() {
      if (leases.delete(lease)) await collect(lease);
    },
  };
}

interface LayerCollector {
  /** Removes the unused layers among those that `isCandidate` picks, top first. */
  collect(isCandidate: (layer: Layer) => boolean): Promise<void>;
  collectHeldBack(): Promise<void>;
  unused(): readonly Layer[];
}

function createLayerCollector(
  { snapshots, images, logger }: CollectorDeps,
  leases: ReadonlySet<OpenLease>,
): LayerCollector {
  const heldBack = new Set<LayerKey>();
  const removeUnlessUsed = async (layer: Layer): Promise<void> => {
    if (isLive(snapshots, images.references(), leases, layer)) return;
    if (snapshots.layersInUse().has(layer.key)) {
      heldBack.add(layer.key);
      return;
    }
    heldBack.delete(layer.key);
    try {
      await snapshots.removeLayer(layer.key);
    } catch (error) {
      logger.warn({ layer: layer.key, err: error }, 'cannot remove an unused layer');
    }
  };
  const collect = async (isCandidate: (layer: Layer) => boolean): Promise<void> => {
    const candidates = snapshots.layers().filter(isCandidate);
    candidates.sort((a, b) => b.diffIds.length - a.diffIds.length);
    // Each is looked at at its turn: the removal before it was awaited.
    for (const layer of candidates) await removeUnlessUsed(layer);
  };
  return {
    collect,
    async collectHeldBack() {
      if (heldBack.size > 0) await collect(({ key }) => heldBack.has(key));
    },
    unused() {
      const references = images.references();
      const inUse = snapshots.layersInUse();
      return snapshots
        .layers()
        .filter((layer) => !inUse.has(layer.key) && !isLive(snapshots, references, leases, layer));
    },
  };
}

type Layer = ReturnType<Snapshots['layers']>[number];

function topOf(layer: Layer): Digest {
  const top = layer.diffIds.at(-1);
  if (top === undefined) throw new TypeError(`layer ${layer.key} has no diffID`);
  return top;
}

function isLive(
  snapshots: CollectorDeps['snapshots'],
  references: References,
  leases: ReadonlySet<OpenLease>,
  layer: Layer,
): boolean {
  const top = topOf(layer);
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
