import type { Digest } from '../../base/ids.ts';
import type { CacheLease, NewRecord } from '../solver/index.ts';
import type { Tree } from '../tree.ts';
import type { CacheRecord } from './records/cache-record.ts';
import type { CacheRecords, Freed } from './records/cache-records.ts';

export interface LeaseDeps {
  readonly records: CacheRecords;
  /** Whether a blob is here. */
  readonly hasBlob: (digest: Digest) => boolean;
  readonly now: () => number;
  /** A record is used for the first time by a lease. */
  readonly held: (id: Digest) => void;
  /** The lease has ended. */
  readonly ended: (ids: ReadonlySet<Digest>) => void;
  /** A result was stored. */
  readonly saved: (id: Digest) => void;
  readonly release: (freed: Freed) => void;
}

export function openCacheLease(deps: LeaseDeps): CacheLease<Tree> {
  const { records } = deps;
  const held = new Set<Digest>();
  const hold = (id: Digest): void => {
    if (held.has(id)) return;
    held.add(id);
    deps.held(id);
  };
  let isOpen = true;
  return {
    find(key) {
      const id = records.find(key);
      if (id !== undefined) hold(id);
      return id;
    },
    addKey: (id, key) => records.addKey(id, key),
    async load(id) {
      const layers = records.get(id)?.layers;
      if (layers === undefined) return undefined;
      hold(id);
      return {
        kind: 'layers',
        layers: layers.map(({ blob, ...layer }) =>
          blob === undefined || !deps.hasBlob(blob.digest) ? layer : { ...layer, blob },
        ),
      };
    },
    async save({ id, keys, result, description, parents }: NewRecord<Tree>) {
      if (result.kind !== 'layers') return;
      const known = records.get(id);
      hold(id);
      if (known?.layers !== undefined) {
        // Others may use that result.
        for (const key of keys) records.addKey(id, key);
        return;
      }
      const at = deps.now();
      const made: CacheRecord = {
        ...{ id, description, parents, layers: result.layers, boot: records.bootId },
        ...{ createdAt: at, lastUsedAt: at, useCount: known?.useCount ?? 0 },
      };
      deps.release(records.put(made, keys));
      deps.saved(id);
    },
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      deps.ended(held);
    },
  };
}
