import type { Logger } from '../../base/logger.ts';
import type { ContentStore } from '../../store/index.ts';
import type { RegistryCollector } from '../storage/collector.ts';
import type { RepositoryIndex } from '../storage/repository-index.ts';
import type { PullTimes } from './pull-times.ts';
import type { Upstream } from './upstream.ts';

export interface CacheCounts {
  /** Answered from the cache. */
  hits: number;
  /** Downloaded from the upstream. */
  misses: number;
  /** Answered from the cache because the upstream was unreachable, so perhaps out of date. */
  stale: number;
  fetchedBytes: number;
}

export interface CacheDeps {
  readonly upstream: Upstream;
  readonly content: ContentStore;
  readonly index: RepositoryIndex;
  readonly collector: RegistryCollector;
  readonly logger: Logger;
  readonly counts: CacheCounts;
  readonly pulled: PullTimes;
  readonly ttlSeconds: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Frees this many bytes, as far as possible. */
  readonly freeSpace: (sizeBytes: number) => void;
}
