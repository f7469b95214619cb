import { type Digest, digestHex } from '../../../base/ids.ts';
import type { KnownLayer, LayerKey } from '../../../store/index.ts';
import type { TreeLayer } from '../../tree.ts';
import type { CacheItem } from '../items.ts';
import type { CacheRecord } from './cache-record.ts';
import type { CacheRecords } from './cache-records.ts';

/** Returns the records as items. The size of a record is that of the layers and blobs that its parents do not have. */
export function recordItems(
  records: CacheRecords,
  facts: {
    readonly layers: readonly KnownLayer[];
    readonly imageLayers: ReadonlySet<LayerKey>;
    readonly isInUse: (id: Digest) => boolean;
  },
): readonly CacheItem[] {
  const known = new Map<LayerKey, KnownLayer>();
  for (const layer of facts.layers) for (const key of keysOf(layer)) known.set(key, layer);
  const isOfImage = ({ key }: TreeLayer): boolean => {
    const layer = key === undefined ? undefined : known.get(key);
    return layer !== undefined && keysOf(layer).some((each) => facts.imageLayers.has(each));
  };
  /** What an earlier item has counted already. */
  const counted = new Set<LayerKey>();
  return records.all().map((record) => {
    const own = ownLayers(records, record);
    let sizeBytes = 0;
    for (const { key, blob } of own) {
      if (key === undefined || counted.has(key)) continue;
      counted.add(key);
      sizeBytes += (known.get(key)?.sizeBytes ?? 0) + (blob?.size ?? 0);
    }
    const { id, description, parents, createdAt, lastUsedAt, useCount } = record;
    const held = own.filter(({ key }) => key !== undefined);
    return {
      ...{ id: digestHex(id), type: 'regular', description, parents: parents.map(digestHex) },
      ...{ sizeBytes, createdAt, lastUsedAt, useCount },
      ...{ isInUse: facts.isInUse(id), isShared: held.length > 0 && held.every(isOfImage), isMutable: false },
    } satisfies CacheItem;
  });
}

function ownLayers(records: CacheRecords, { layers = [], parents }: CacheRecord): readonly TreeLayer[] {
  const below = new Set(parents.flatMap((id) => records.get(id)?.layers?.map(({ key }) => key) ?? []));
  return layers.filter(({ key }) => !below.has(key));
}

function keysOf({ key, sealedAs }: KnownLayer): readonly LayerKey[] {
  return sealedAs === undefined ? [key] : [key, sealedAs];
}
