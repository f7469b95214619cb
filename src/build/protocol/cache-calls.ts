import type { Init } from '../../grpc/index.ts';
import type { DiskUsageRequest, diskUsageResponse, PruneRequest, usageRecord } from '../../grpc/messages/control.ts';
import { toTimestamp } from './timestamps.ts';

/** The cache, as clients look at it. */
export interface CacheView {
  /** Lists what passes BuildKit's filters. @throws EngineError invalid */
  usage(filters: readonly string[], signal: AbortSignal): Promise<readonly CachedItem[]>;
  /** Removes items, and yields each. Limits are bytes; 0 stands for none. @throws EngineError invalid */
  prune(request: CachePrune, signal: AbortSignal): AsyncIterable<CachedItem>;
}

export interface CachePrune {
  readonly all: boolean;
  readonly filters: readonly string[];
  readonly keepDurationMs: number;
  readonly maxUsedBytes: number;
  readonly minFreeBytes: number;
  readonly reservedBytes: number;
}

export interface CachedItem {
  readonly id: string;
  readonly type: string;
  readonly description: string;
  /** Ids of the items that it was made from. */
  readonly parents: readonly string[];
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly useCount: number;
  readonly isInUse: boolean;
  readonly isShared: boolean;
  readonly isMutable: boolean;
}

/** What clients ask of the cache. */
export interface CacheCalls {
  usage(request: DiskUsageRequest, signal: AbortSignal): Promise<Init<typeof diskUsageResponse>>;
  prune(request: PruneRequest, signal: AbortSignal): AsyncIterable<Init<typeof usageRecord>>;
}

const NANOS_PER_MS = 1_000_000n;

export function cacheCalls(cache: CacheView): CacheCalls {
  return {
    async usage({ filter, ageLimit }, signal) {
      const before = Date.now() - Number(ageLimit / NANOS_PER_MS);
      const items = await cache.usage(filter, signal);
      return { record: items.filter(({ lastUsedAt }) => ageLimit === 0n || lastUsedAt <= before).map(usageMessage) };
    },
    async *prune(request, signal) {
      const removed = cache.prune(
        {
          all: request.all,
          filters: request.filter,
          keepDurationMs: Number(request.keepDuration / NANOS_PER_MS),
          maxUsedBytes: request.maxUsedSpace,
          minFreeBytes: request.minFreeSpace,
          reservedBytes: request.reservedSpace,
        },
        signal,
      );
      for await (const item of removed) yield usageMessage(item);
    },
  };
}

function usageMessage(item: CachedItem): Init<typeof usageRecord> {
  return {
    ID: item.id.replace(/^sha256:/, ''),
    Mutable: item.isMutable,
    InUse: item.isInUse,
    Size: item.sizeBytes,
    Parent: item.parents[0]?.replace(/^sha256:/, '') ?? '',
    CreatedAt: toTimestamp(item.createdAt),
    LastUsedAt: toTimestamp(item.lastUsedAt),
    UsageCount: item.useCount,
    Description: item.description,
    RecordType: item.type,
    Shared: item.isShared,
    Parents: item.parents.map((id) => id.replace(/^sha256:/, '')),
  };
}
