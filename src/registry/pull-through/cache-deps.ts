import type { Logger } from '../../base/logger.ts';
import type { ContentStore } from '../../store/index.ts';
import type { RegistryCollector } from '../storage/collector.ts';
import type { RepositoryIndex } from '../storage/repository-index.ts';
import type { PullTimes } from './pull-times.ts';
import type { Upstream } from './upstream.ts';

export interface CacheCounts {
  /** Answered from here. */
  hits: number;
  /** Fetched. */
  misses: number;
  /** Answered from here since the upstream was down, so perhaps out of date. */
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
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Makes room for so many bytes, as far as it can. */
  readonly makeRoom: (sizeBytes: number) => void;
}
