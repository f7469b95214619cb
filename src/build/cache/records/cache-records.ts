import { messageOf } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Records } from '../../../base/records.ts';
import type { GcRoot, LayerKey } from '../../../store/index.ts';
import type { RecordKey } from '../../solver/index.ts';
import type { TreeLayer } from '../../tree.ts';
import type { CacheKeyRecord, CacheRecord } from './cache-record.ts';
import { ReferenceCounts } from './reference-counts.ts';

export interface CacheRecordsDeps {
  readonly table: <T>(name: `build_${string}`) => Records<T>;
  /** Several changes of tables at once. */
  readonly transaction: (change: () => void) => void;
  /** The machine's boot. */
  readonly bootId: string;
  readonly logger: Logger;
}

/** What records no longer refer to. */
export interface Freed {
  readonly layers: readonly LayerKey[];
  readonly blobs: readonly Digest[];
}

/**
 * The records and keys of the cache: in memory, and in two tables of state.db. They own layers and blobs, also while no
 * build runs: open them before the collector, which asks them at its start.
 *
 * Tables and layers need not survive a power cut. A record is written with the machine's boot; the mark goes when its
 * layers are on the disk. A record with the mark of another boot is dropped, for its layers may be damaged.
 */
export class CacheRecords implements Required<GcRoot> {
  readonly bootId: string;
  readonly #deps: CacheRecordsDeps;
  readonly #stored: Records<CacheRecord>;
  readonly #storedKeys: Records<CacheKeyRecord>;
  readonly #records = new Map<Digest, CacheRecord>();
  readonly #ids = new Map<Digest, Digest>();
  readonly #keysOf = new Map<Digest, Map<Digest, RecordKey>>();
  readonly #layers = new ReferenceCounts<LayerKey>();
  readonly #blobs = new ReferenceCounts<Digest>();

  constructor(deps: CacheRecordsDeps) {
    this.#deps = deps;
    this.bootId = deps.bootId;
    this.#stored = deps.table('build_records');
    this.#storedKeys = deps.table('build_keys');
    for (const record of this.#stored.all()) {
      if (record.boot !== undefined && record.boot !== deps.bootId) this.#forget(() => this.#stored.delete(record.id));
      else this.#know(record);
    }
    for (const { id, ...key } of this.#storedKeys.all()) {
      // Keys of older engines have no parts.
      if (this.#records.has(id) && key.op !== undefined) this.#lead(key, id);
      else this.#forget(() => this.#storedKeys.delete(key.key));
    }
  }

  keepsLayer(key: LayerKey): boolean {
    return this.#layers.has(key);
  }

  keepsBlob(digest: Digest): boolean {
    return this.#blobs.has(digest);
  }

  /** Number of records whose result has the layer. */
  ownersOf(layer: LayerKey): number {
    return this.#layers.count(layer);
  }

  get(id: Digest): CacheRecord | undefined {
    return this.#records.get(id);
  }

  find(key: Digest): Digest | undefined {
    return this.#ids.get(key);
  }

  all(): readonly CacheRecord[] {
    return [...this.#records.values()];
  }

  /** The keys that lead to a record, oldest first as far as that is known. */
  keysOf(id: Digest): readonly RecordKey[] {
    return [...(this.#keysOf.get(id)?.values() ?? [])];
  }

  /** Whether a key leads to the record. */
  isReachable(id: Digest): boolean {
    return this.#keysOf.has(id);
  }

  /** Stores a record, and makes keys lead to it. @throws EngineError noSpace; nothing has changed then */
  put(record: CacheRecord, keys: readonly RecordKey[] = []): Freed {
    this.#deps.transaction(() => {
      this.#stored.put(record.id, record);
      for (const key of keys) this.#storedKeys.put(key.key, { ...key, id: record.id });
    });
    const freed = this.#know(record);
    for (const key of keys) this.#lead(key, record.id);
    return freed;
  }

  /** Notes uses of records, as numbers by id. @throws EngineError noSpace; nothing has changed then */
  noteUses(uses: ReadonlyMap<Digest, number>, lastUsedAt: number): void {
    const used = [...uses].flatMap(([id, count]) => {
      const record = this.#records.get(id);
      return record === undefined ? [] : { ...record, lastUsedAt, useCount: record.useCount + count };
    });
    this.#deps.transaction(() => {
      for (const record of used) this.#stored.put(record.id, record);
    });
    for (const record of used) this.#records.set(record.id, record);
  }

  /** Makes a further key lead to a record. @throws EngineError noSpace */
  addKey(id: Digest, key: RecordKey): void {
    if (this.#ids.get(key.key) === id || !this.#records.has(id)) return;
    this.#storedKeys.put(key.key, { ...key, id });
    this.#lead(key, id);
  }

  /** Removes a record with its keys. Ids that are not known are ignored. @throws EngineError noSpace */
  remove(id: Digest): Freed {
    const record = this.#records.get(id);
    if (record === undefined) return { layers: [], blobs: [] };
    // Keys without a record are removed by the next start.
    this.#stored.delete(id);
    for (const key of this.#keysOf.get(id)?.keys() ?? []) {
      this.#storedKeys.delete(key);
      this.#ids.delete(key);
    }
    this.#keysOf.delete(id);
    this.#records.delete(id);
    return this.#release(record.layers ?? []);
  }

  #know(record: CacheRecord): Freed {
    const before = this.#records.get(record.id)?.layers ?? [];
    this.#records.set(record.id, record);
    const now = record.layers ?? [];
    this.#layers.add(keysIn(now));
    this.#blobs.add(blobsIn(now));
    return this.#release(before);
  }

  #release(layers: readonly TreeLayer[]): Freed {
    return { layers: this.#layers.remove(keysIn(layers)), blobs: this.#blobs.remove(blobsIn(layers)) };
  }

  #lead(recordKey: RecordKey, id: Digest): void {
    const { key } = recordKey;
    const before = this.#ids.get(key);
    if (before !== undefined && before !== id) {
      const keys = this.#keysOf.get(before);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysOf.delete(before);
    }
    this.#ids.set(key, id);
    const keys = this.#keysOf.get(id) ?? new Map<Digest, RecordKey>();
    this.#keysOf.set(id, keys.set(key, recordKey));
  }

  /** A full disk may refuse even this: a later start does it. */
  #forget(remove: () => void): void {
    try {
      remove();
    } catch (error) {
      this.#deps.logger.warn({ error: messageOf(error) }, 'cannot delete a record of the build cache');
    }
  }
}

/** A layer may be in a tree more than once. */
function keysIn(layers: readonly TreeLayer[]): ReadonlySet<LayerKey> {
  return new Set(layers.flatMap(({ key }) => key ?? []));
}

function blobsIn(layers: readonly TreeLayer[]): ReadonlySet<Digest> {
  return new Set(layers.flatMap(({ blob }) => blob?.digest ?? []));
}
