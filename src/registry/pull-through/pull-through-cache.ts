import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ByteSource } from '../http/send-file.ts';
import type { RepositoryName } from '../names.ts';
import { createBlobCache } from './blob-cache.ts';
import type { CacheCounts, CacheDeps } from './cache-deps.ts';
import { evict } from './evict.ts';
import { createManifestCache } from './manifest-cache.ts';
import type { Upstream } from './upstream.ts';
import { upstreamError } from './upstream-error.ts';

/**
 * A pull-through cache of another registry. A manifest enters the index with its first request. A tag is compared with
 * the upstream's again once its time to live is over. Clients get blobs while they are being stored. Pulled content is
 * served even while the upstream is unreachable. The cache accepts no pushes.
 */
export interface PullThroughCache {
  readonly upstream: string;
  readonly counts: Readonly<CacheCounts>;
  /** Updates the index for a pull. @throws RegistryError DENIED, UNAVAILABLE, MANIFEST_INVALID */
  manifest(name: RepositoryName, reference: { readonly digest: Digest } | { readonly tag: string }): Promise<void>;
  /** Size of a blob that is cached, or that a cached manifest names. Undefined for any other. Downloads nothing. */
  blobBytes(name: RepositoryName, digest: Digest): number | undefined;
  /** Returns the blob while it is being downloaded. Undefined when it is cached. @throws RegistryError BLOB_UNKNOWN */
  blob(name: RepositoryName, digest: Digest): Promise<ByteSource | undefined>;
  /** Lists the upstream's tags. Undefined when it cannot be reached. @throws RegistryError DENIED */
  tags(name: RepositoryName): Promise<readonly string[] | undefined>;
  /** Lists the upstream's referrers. @throws RegistryError DENIED, UNAVAILABLE */
  referrers(name: RepositoryName, digest: Digest): Promise<readonly Descriptor[]>;
  /** Deletes content that was not pulled for long, and the least recently pulled content beyond the size limit. */
  evict(): void;
  close(): Promise<void>;
}

export interface CacheOptions {
  readonly upstream: Upstream;
  /** How long a tag is used without asking the upstream. Default one minute. 0 always asks. */
  readonly ttlSeconds?: number;
  /** Content that was not pulled for this long is deleted. Default 30 days. */
  readonly keepSeconds?: number;
}

const ANSWER_MS_MAX = 60_000;
/** Longest time of a pull from its manifest to its last blob, for all but the slowest. */
const PULL_MS_MAX = 600_000;

type CacheParts = Omit<CacheDeps, 'upstream' | 'counts' | 'freeSpace' | 'ttlSeconds'> & {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Limit of all stored content. */
  readonly maxBytes: number;
};

export function createPullThroughCache(
  { upstream, ttlSeconds = 60, keepSeconds = 30 * 24 * 3600 }: CacheOptions,
  deps: CacheParts,
): PullThroughCache {
  const { logger } = deps;
  const closing = new AbortController();
  const counts: CacheCounts = { hits: 0, misses: 0, stale: 0, fetchedBytes: 0 };
  const freeSpace = (sizeBytes: number): void => freeSpaceFor(deps, sizeBytes);
  const all: CacheDeps = { ...deps, upstream, counts, freeSpace, ttlSeconds };
  const manifests = createManifestCache(all, closing.signal);
  const blobs = createBlobCache(all, closing.signal);
  return {
    upstream: upstream.name,
    counts,
    manifest: (name, reference) => manifests.refresh(name, reference),
    blobBytes: (name, digest) => blobs.sizeBytes(name, digest),
    blob: (name, digest) => blobs.open(name, digest),
    ...upstreamLists(upstream, logger, closing.signal),
    evict() {
      const before = deps.wallClock() - keepSeconds * 1000;
      const evicted = evict(deps, (pulledAt) => pulledAt < before);
      if (evicted > 0) logger.info({ manifests: evicted }, 'deleted unused content from the cache');
      freeSpace(0);
    },
    async close() {
      closing.abort();
      await blobs.close();
    },
  };
}

function freeSpaceFor(deps: CacheParts, sizeBytes: number): void {
  const { index, logger, maxBytes } = deps;
  if (index.storedBytes() + sizeBytes <= maxBytes) return;
  // Content of a running pull stays, even if that alone exceeds the limit.
  const before = deps.wallClock() - PULL_MS_MAX;
  const evicted = evict(deps, (pulledAt) => pulledAt < before && index.storedBytes() + sizeBytes > maxBytes);
  logger.info({ manifests: evicted, bytes: index.storedBytes() }, 'freed space in the cache');
}

/** The lists that only the upstream knows. Each waits a limited time. */
function upstreamLists(
  upstream: Upstream,
  logger: Logger,
  closing: AbortSignal,
): Pick<PullThroughCache, 'tags' | 'referrers'> {
  const patience = (): AbortSignal => AbortSignal.any([closing, AbortSignal.timeout(ANSWER_MS_MAX)]);
  return {
    async tags(name) {
      try {
        return await upstream.tags(name, patience());
      } catch (error) {
        const refusal = upstreamError(upstream, error);
        if (refusal.code !== 'UNAVAILABLE') throw refusal;
        logger.warn({ upstream: upstream.name, err: messageOf(error) }, 'cannot list the tags of the upstream');
        return undefined;
      }
    },
    async referrers(name, digest) {
      try {
        return await upstream.referrers(name, digest, patience());
      } catch (error) {
        throw upstreamError(upstream, error);
      }
    },
  };
}
