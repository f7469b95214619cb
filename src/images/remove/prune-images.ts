import { EngineError } from '../../base/errors.ts';
import {
  booleanOf,
  compileFilters,
  type FilterRules,
  type Filters,
  labelRule,
  notLabelRule,
  untilFilter,
} from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { chainIds, layerSizes, sizesOfImage } from '../layers/layer-chain.ts';
import { createdAt } from '../model/created.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { type RemoveRecord, removeImage } from './remove-image.ts';

const RULES: FilterRules<StoredImage, { readonly limit: bigint | undefined }> = {
  dangling: (values) => {
    const danglingOnly = booleanOf('dangling', values);
    return (image) => !danglingOnly || image.names.length === 0;
  },
  label: labelRule((image) => image.config.config?.Labels),
  'label!': notLabelRule((image) => image.config.config?.Labels),
  until:
    (_values, { limit }) =>
    (image) => {
      const at = createdAt(image);
      return limit === undefined || (at !== undefined && at <= limit);
    },
};

/**
 * Removes images without a tag; with `dangling=false` all that no container uses. Images in use are skipped.
 * @throws EngineError invalid, cancelled
 */
export async function pruneImages(
  deps: ImagesDeps,
  filters: Filters,
  signal: AbortSignal,
): Promise<{ readonly deleted: RemoveRecord[]; readonly reclaimedBytes: number }> {
  const limit = untilFilter(filters, BigInt(Date.now()) * 1_000_000n);
  const passes = compileFilters({ dangling: ['true'], ...filters }, RULES, { limit });
  const isCandidate = (image: StoredImage): boolean => {
    const isHidden = nameCount(image) === 0 && deps.images.children(image.id).length > 0;
    return !isHidden && passes(image);
  };
  const sizes = sizesByChainId(deps);
  const deleted: RemoveRecord[] = [];
  for (const image of deps.images.list().filter(isCandidate)) {
    if (signal.aborted) throw new EngineError('cancelled', 'pruning was cancelled');
    const refs = nameCount(image) === 0 ? [image.id] : [...image.names, ...image.repoDigests];
    for (const ref of refs) deleted.push(...(await removeQuietly(deps, ref)));
  }
  const reclaimedBytes = deleted.reduce(
    (total, record) => total + ('Deleted' in record ? (sizes.get(record.Deleted) ?? 0) : 0),
    0,
  );
  deps.events.emit('image', 'prune', '', { reclaimed: String(reclaimedBytes) });
  return { deleted, reclaimedBytes };
}

async function removeQuietly(deps: ImagesDeps, ref: string): Promise<RemoveRecord[]> {
  try {
    return await removeImage(deps, ref, { force: false, prune: true });
  } catch (error) {
    if (error instanceof EngineError && (error.kind === 'conflict' || error.kind === 'notFound')) return [];
    throw error;
  }
}

function sizesByChainId(deps: ImagesDeps): ReadonlyMap<string, number> {
  const byKey = layerSizes(deps.snapshots);
  const result = new Map<string, number>();
  for (const { config } of deps.images.list()) {
    const own = sizesOfImage(deps.snapshots, byKey, config);
    chainIds(config.rootfs.diff_ids).forEach((id, index) => {
      result.set(id, own[index] ?? 0);
    });
  }
  return result;
}

function nameCount(image: StoredImage): number {
  return image.names.length + image.repoDigests.length;
}
