import type { Digest } from '../../base/ids.ts';
import type { Finding } from '../../store/index.ts';
import type { RecordKey, ResultCache } from '../solver/index.ts';
import type { Tree } from '../tree.ts';
import type { CacheItem, ItemStore } from './items.ts';
import type { CacheMounts } from './mounts/cache-mounts.ts';
import type { PruneOptions } from './prune/prune-options.ts';

/**
 * What builds keep: records of steps with their results, cache mounts, and content that others add.
 *
 * Words: a *record* stands for the output of a step (see the solver). A *cache mount* is a folder that steps share
 * (`RUN --mount=type=cache`). An *item* is a record, a cache mount or other kept content, as clients see it.
 *
 * One life of a record: a step that has run saves its layers, which are kept from then on. Steps hold records by leases
 * while they are under way; each use is noted. Prune, and the limit of the cache's size, remove what was used least
 * recently, but nothing that is in use. The layers of removed records go, unless images or other records have them. A
 * folder (`FolderTree`) belongs to one build, and is not stored.
 */
export interface BuildCache extends ResultCache<Tree>, AsyncDisposable {
  readonly mounts: CacheMounts;
  /** Adds other content that `usage` lists and `prune` removes. */
  add(store: ItemStore): void;
  /** Returns the keys that lead to a record, oldest first as far as that is known. */
  keysOf(id: Digest): readonly RecordKey[];
  /** Lists the items that pass BuildKit's filters, with their sizes. @throws EngineError invalid for a filter */
  usage(filters: readonly string[], signal: AbortSignal): Promise<readonly CacheItem[]>;
  /** Removes items, least recently used first. Yields each that is removed. @throws EngineError invalid for a filter; cancelled */
  prune(options: PruneOptions, signal: AbortSignal): AsyncGenerator<CacheItem, void, undefined>;
  /** Removes items until the cache is within its limit. It also does so by itself when no build is left. Never rejects. */
  trim(): Promise<void>;
  /** Returns the records whose layers are gone. */
  audit(): readonly Finding[];
  /** Resolves when no background work is left. */
  idle(): Promise<void>;
}
