import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { ContentStore } from '../content/index.ts';
import type { ImageStore, References } from '../images/image-store.ts';
import type { KnownLayer, LayerKey, Snapshots } from '../snapshots/index.ts';
import { createLayerCollector, keysOf } from './layer-collector.ts';
import { type Lease, type OpenLease, openLease } from './leases.ts';
import { loadRetainedBlobs, type RetainedBlob } from './retained-blobs.ts';

/**
 * Deletes blobs and layers that nothing refers to. References are the images, other owners (a registry, the cache of
 * builds), the leases of work in progress and, for layers, their readers and the writable roots on them. The collector reads them in the same tick in which it deletes, so
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
  collect(candidates: Candidates): Promise<void>;
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
  audit(): {
    readonly blobs: readonly Digest[];
    readonly layers: readonly KnownLayer[];
    readonly lost: readonly Digest[];
  };
}

export interface CollectorDeps {
  readonly content: Pick<ContentStore, 'list' | 'has' | 'delete'>;
  readonly snapshots: Pick<Snapshots, 'chain' | 'layers' | 'layersInUse' | 'removeLayer'>;
  readonly images: Pick<ImageStore, 'references'>;
  readonly logger: Logger;
  /** They are asked at the moment of deletion. */
  readonly gcRoots?: readonly GcRoot[];
  /** The table `retained_blobs`. */
  readonly retained: Records<RetainedBlob>;
}

/** Another owner of content. It answers from memory whether a blob or a layer must stay. */
export interface GcRoot {
  keepsBlob?(digest: Digest): boolean;
  /** A sealed layer is asked for by each of its keys. */
  keepsLayer?(key: LayerKey): boolean;
}

/** Content that may have come out of use. */
export interface Candidates extends References {
  readonly layers?: readonly LayerKey[];
}

export function createCollector(deps: CollectorDeps): Collector {
  const leases = new Set<OpenLease>();
  const retained = loadRetainedBlobs(deps);
  const isOwned = (key: LayerKey): boolean => deps.gcRoots?.some((root) => root.keepsLayer?.(key)) === true;
  const layers = createLayerCollector({ ...deps, isOwned }, leases);

  const unusedOf = (candidates: Iterable<Digest>): Digest[] => {
    const live = new Set(deps.images.references().blobs);
    for (const lease of leases) for (const digest of lease.blobs) live.add(digest);
    for (const digest of retained.digests()) live.add(digest);
    return [...candidates].filter(
      (digest) => !live.has(digest) && deps.gcRoots?.some((root) => root.keepsBlob?.(digest)) !== true,
    );
  };
  const collectBlobs = (candidates: Iterable<Digest>): void => {
    for (const digest of unusedOf(candidates)) deps.content.delete(digest);
  };
  const collect = async (candidates: Candidates): Promise<void> => {
    collectBlobs(candidates.blobs);
    const names = new Set<string | undefined>([...candidates.chains.flat(), ...(candidates.layers ?? [])]);
    await layers.collect((layer) => [layer.diffIds.at(-1), ...keysOf(layer)].some((name) => names.has(name)));
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
