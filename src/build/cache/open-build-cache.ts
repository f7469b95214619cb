import { statfsSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { syncFilesystem } from '../../linux/index.ts';
import type { Finding, LayerKey } from '../../store/index.ts';
import type { BuildPorts } from '../ports.ts';
import type { CacheLease, RecordKey } from '../solver/index.ts';
import type { Tree } from '../tree.ts';
import type { BuildCache } from './build-cache.ts';
import type { CacheItem, ItemStore } from './items.ts';
import { openCacheLease } from './lease.ts';
import { openCacheMounts } from './mounts/open-cache-mounts.ts';
import { bytesToKeep } from './prune/bytes-to-keep.ts';
import { itemFilter } from './prune/item-filter.ts';
import type { PruneOptions } from './prune/prune-options.ts';
import type { CacheRecords, Freed } from './records/cache-records.ts';
import { recordItems } from './records/record-items.ts';
import { ReferenceCounts } from './records/reference-counts.ts';

export interface BuildCacheDeps
  extends Pick<
    BuildPorts,
    'snapshots' | 'content' | 'collector' | 'table' | 'folder' | 'logger' | 'limits' | 'imageLayers'
  > {
  readonly records: CacheRecords;
}

/** Time from a new record until the disk is synced for it and those that follow it. */
const SYNC_DELAY_MS = 10_000;

/** Opens the cache. Records whose layers are gone lose their results. */
export function openBuildCache(deps: BuildCacheDeps): BuildCache {
  return new OpenedCache(deps);
}

class OpenedCache implements BuildCache {
  readonly mounts: BuildCache['mounts'];
  readonly #deps: BuildCacheDeps;
  readonly #inUse = new ReferenceCounts<Digest>();
  readonly #stores: ItemStore[] = [];
  readonly #background = new Set<Promise<void>>();
  /** Uses by leases that have ended, which are not noted yet. */
  readonly #uses = new Map<Digest, number>();
  #openLeases = 0;
  #hasGrown = false;
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(deps: BuildCacheDeps) {
    this.#deps = deps;
    const { snapshots, table, folder, logger } = deps;
    const background = (work: Promise<void>): void => this.#run(work);
    this.mounts = openCacheMounts({ table, folder, logger, trees: snapshots.trees, background, now: Date.now });
    this.#stores.push({ items: async () => this.#recordItems(), remove: (id) => this.#removeRecord(id) }, this.mounts);
    this.#dropLostResults();
    if (deps.records.all().some(({ boot }) => boot !== undefined)) this.#syncLater();
  }

  add(store: ItemStore): void {
    this.#stores.push(store);
  }

  open(): CacheLease<Tree> {
    this.#openLeases += 1;
    const { records, content } = this.#deps;
    return openCacheLease({
      records,
      hasBlob: (digest) => content.has(digest),
      now: Date.now,
      held: (id) => this.#inUse.add([id]),
      ended: (ids) => this.#leaseEnded(ids),
      saved: () => {
        this.#hasGrown = true;
        this.#syncLater();
      },
      release: (freed) => this.#run(this.#collect(freed)),
    });
  }

  keysOf(id: Digest): readonly RecordKey[] {
    return this.#deps.records.keysOf(id);
  }

  async usage(filters: readonly string[], signal: AbortSignal): Promise<readonly CacheItem[]> {
    const passes = itemFilter(filters);
    return (await this.#itemsByStore(signal)).map(({ item }) => item).filter(passes);
  }

  async *prune(options: PruneOptions, signal: AbortSignal): AsyncGenerator<CacheItem, void, undefined> {
    const passes = itemFilter(options.filters ?? []);
    const items = await this.#itemsByStore(signal);
    let usedBytes = items.reduce((sum, { item }) => sum + unsharedBytes(item), 0);
    const keep = bytesToKeep(options, { usedBytes, freeBytes: freeBytes(this.#deps.folder) });
    const before = Date.now() - (options.keepDurationMs ?? 0);
    const candidates = items.filter(({ item }) => {
      if (item.isInUse || !passes(item)) return false;
      if (options.all !== true && (item.isShared || item.type === 'internal' || item.type === 'frontend')) return false;
      return !(options.keepDurationMs !== undefined && options.keepDurationMs > 0 && item.lastUsedAt > before);
    });
    candidates.sort((a, b) => a.item.lastUsedAt - b.item.lastUsedAt || b.item.createdAt - a.item.createdAt);
    for (const { item, store } of candidates) {
      if (usedBytes <= keep && keep !== 0) return;
      if (signal.aborted) throw new EngineError('cancelled', 'cancelled');
      if (!(await store.remove(item.id))) continue;
      usedBytes -= unsharedBytes(item);
      yield item;
    }
  }

  async trim(): Promise<void> {
    const { records, limits, logger } = this.#deps;
    try {
      for (const { id } of records.all()) if (!records.isReachable(id)) await this.#removeRecord(id);
      if (limits.cacheBytes === undefined) return;
      const limit: PruneOptions = { maxUsedBytes: limits.cacheBytes };
      for await (const _removed of this.prune(limit, new AbortController().signal));
    } catch (error) {
      logger.warn({ error: messageOf(error) }, 'cannot trim the build cache');
    }
  }

  audit(): readonly Finding[] {
    const present = this.#presentLayers();
    return this.#deps.records.all().flatMap((record): readonly Finding[] => {
      const lost = record.layers?.find(({ key }) => key !== undefined && !present.has(key));
      if (lost === undefined) return [];
      return [
        {
          kind: 'layer-missing',
          subject: record.id,
          problem: `the build cache's record "${record.description}" refers to the layer ${lost.key}, which is gone`,
          advice: 'restart the engine: it then makes the layer again when a build needs it',
        },
      ];
    });
  }

  async idle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#noteUses();
    await this.idle();
  }

  async #itemsByStore(signal: AbortSignal) {
    this.#noteUses();
    const lists = await Promise.all(
      this.#stores.map(async (store) => (await store.items(signal)).map((item) => ({ item, store }))),
    );
    return lists.flat();
  }

  #recordItems(): readonly CacheItem[] {
    const { records, snapshots, imageLayers } = this.#deps;
    const isInUse = (id: Digest): boolean => this.#inUse.has(id);
    return recordItems(records, { layers: snapshots.layers(), imageLayers: imageLayers(), isInUse });
  }

  async #removeRecord(id: string): Promise<boolean> {
    const { records } = this.#deps;
    const digest = `sha256:${id.replace(/^sha256:/, '')}` as Digest;
    if (records.get(digest) === undefined || this.#inUse.has(digest)) return false;
    await this.#collect(records.remove(digest));
    return true;
  }

  async #collect({ layers, blobs }: Freed): Promise<void> {
    if (layers.length === 0 && blobs.length === 0) return;
    await this.#deps.collector.collect({ layers, blobs: new Set(blobs), chains: [] });
  }

  /** Each lease is one use. */
  #leaseEnded(ids: ReadonlySet<Digest>): void {
    this.#inUse.remove(ids);
    this.#openLeases -= 1;
    for (const id of ids) this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    if (this.#openLeases > 0) return;
    this.#noteUses();
    if (!this.#hasGrown) return;
    this.#hasGrown = false;
    this.#run(this.trim());
  }

  /** The uses of many steps are one change. */
  #noteUses(): void {
    const uses = new Map(this.#uses);
    this.#uses.clear();
    try {
      if (uses.size > 0) this.#deps.records.noteUses(uses, Date.now());
    } catch (error) {
      this.#deps.logger.warn({ error: messageOf(error) }, 'cannot note uses of records of the build cache');
    }
  }

  #dropLostResults(): void {
    const { records, logger } = this.#deps;
    const present = this.#presentLayers();
    for (const { layers, ...record } of records.all()) {
      if (layers?.every(({ key }) => key === undefined || present.has(key)) !== false) continue;
      logger.warn({ record: record.id, step: record.description }, 'a layer of a record of the build cache is gone');
      this.#run(this.#collect(records.put(record)));
    }
  }

  #presentLayers(): ReadonlySet<LayerKey> {
    return new Set(
      this.#deps.snapshots.layers().flatMap(({ key, sealedAs }) => (sealedAs === undefined ? [key] : [key, sealedAs])),
    );
  }

  #syncLater(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      this.#run(this.#sync());
    }, SYNC_DELAY_MS).unref();
  }

  /** Makes the layers of the records durable that exist by now, and removes the marks. */
  async #sync(): Promise<void> {
    const { records, folder } = this.#deps;
    const marked = records.all().filter(({ boot }) => boot !== undefined);
    await syncFilesystem(folder);
    for (const { id, layers } of marked) {
      const record = records.get(id);
      if (record === undefined || record.layers !== layers) continue;
      const { boot: _boot, ...durable } = record;
      records.put(durable);
    }
  }

  #run(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) =>
        this.#deps.logger.warn({ error: messageOf(error) }, 'work of the build cache has failed'),
      )
      .finally(() => void this.#background.delete(done));
    this.#background.add(done);
  }
}

/** Removing what images share frees nothing. */
function unsharedBytes({ isShared, sizeBytes }: CacheItem): number {
  return isShared ? 0 : sizeBytes;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
