export type { BuildCache } from './build-cache.ts';
export type { CacheItem, ItemStore, ItemType } from './items.ts';
export type { CacheMounts, FillMount, HeldMount, MountContent, TakeMount } from './mounts/cache-mounts.ts';
export { type BuildCacheDeps, openBuildCache } from './open-build-cache.ts';
export type { PruneOptions } from './prune/prune-options.ts';
export { CacheRecords, type CacheRecordsDeps } from './records/cache-records.ts';
