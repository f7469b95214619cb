import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ByteSource } from '../http/send-file.ts';
import type { RepositoryName } from '../names.ts';
import { createBlobCache } from './blob-cache.ts';
import type { CacheCounts, CacheDeps } from './cache-deps.ts';
import { evict } from './evict.ts';
import { createManifestCache } from './manifest-cache.ts';
import type { Upstream } from './upstream.ts';
import { upstreamRefusal } from './upstream-refusal.ts';

/**
 * A pull-through cache of another registry. Manifests come into the index when they are first asked for, and tags are
 * compared with the upstream's again once their time to live is over; blobs are given to clients while they are stored.
 * Whatever was pulled goes on being served while the upstream is down. It takes no pushes.
 */
export interface PullThroughCache {
  readonly upstream: string;
  readonly counts: Readonly<CacheCounts>;
  /** Brings the index up to date for a pull. @throws RegistryError DENIED, UNAVAILABLE, MANIFEST_INVALID */
  manifest(name: RepositoryName, reference: { readonly digest: Digest } | { readonly tag: string }): Promise<void>;
  /** Size of a blob that is here or that a manifest here names; undefined for any other. Fetches nothing. */
  blobBytes(name: RepositoryName, digest: Digest): number | undefined;
  /** The blob while it comes; undefined when it is here. @throws RegistryError BLOB_UNKNOWN */
  blob(name: RepositoryName, digest: Digest): Promise<ByteSource | undefined>;
  /** The upstream's tags; undefined when it cannot be asked. @throws RegistryError DENIED */
  tags(name: RepositoryName): Promise<readonly string[] | undefined>;
  /** The upstream's referrers. @throws RegistryError DENIED, UNAVAILABLE */
  referrers(name: RepositoryName, digest: Digest): Promise<readonly Descriptor[]>;
  /** Forgets what nobody pulled for long, and the least recently pulled beyond the size. */
  evict(): void;
  close(): Promise<void>;
}

export interface CacheOptions {
  readonly upstream: Upstream;
  /** How long a tag is believed. Default one minute; 0 asks each time. */
  readonly ttlSeconds?: number;
  /** What nobody has pulled for so long goes. Default 30 days. */
  readonly keepSeconds?: number;
}

const ANSWER_MS_MAX = 60_000;
/** A pull takes at most so long from its manifest to its last blob: for all but the slowest. */
const PULL_MS_MAX = 600_000;

export function createPullThroughCache(
  { upstream, ttlSeconds = 60, keepSeconds = 30 * 24 * 3600 }: CacheOptions,
  deps: Omit<CacheDeps, 'upstream' | 'counts' | 'makeRoom' | 'ttlSeconds'> & {
    /** Milliseconds since the epoch. */
    readonly wallClock: () => number;
    /** Bytes that may be stored in all. */
    readonly maxBytes: number;
  },
): PullThroughCache {
  const { index, logger } = deps;
  const closing = new AbortController();
  const counts: CacheCounts = { hits: 0, misses: 0, stale: 0, fetchedBytes: 0 };
  const makeRoom = (sizeBytes: number): void => {
    if (index.storedBytes() + sizeBytes <= deps.maxBytes) return;
    // Not what is being pulled right now, even if that alone is too much.
    const before = deps.wallClock() - PULL_MS_MAX;
    const evicted = evict(deps, (pulledAt) => pulledAt < before && index.storedBytes() + sizeBytes > deps.maxBytes);
    logger.info({ manifests: evicted, bytes: index.storedBytes() }, 'freed space in the cache');
  };
  const all: CacheDeps = { ...deps, upstream, counts, makeRoom, ttlSeconds };
  const manifests = createManifestCache(all, closing.signal);
  const blobs = createBlobCache(all, closing.signal);
  const patience = (): AbortSignal => AbortSignal.any([closing.signal, AbortSignal.timeout(ANSWER_MS_MAX)]);

  return {
    upstream: upstream.name,
    counts,
    manifest: (name, reference) => manifests.refresh(name, reference),
    blobBytes: (name, digest) => blobs.sizeBytes(name, digest),
    blob: (name, digest) => blobs.open(name, digest),
    async tags(name) {
      try {
        return await upstream.tags(name, patience());
      } catch (error) {
        const refusal = upstreamRefusal(upstream, error);
        if (refusal.code !== 'UNAVAILABLE') throw refusal;
        logger.warn({ upstream: upstream.name, err: messageOf(error) }, 'cannot list the tags of the upstream');
        return undefined;
      }
    },
    async referrers(name, digest) {
      try {
        return await upstream.referrers(name, digest, patience());
      } catch (error) {
        throw upstreamRefusal(upstream, error);
      }
    },
    evict() {
      const before = deps.wallClock() - keepSeconds * 1000;
      const evicted = evict(deps, (pulledAt) => pulledAt < before);
      if (evicted > 0) logger.info({ manifests: evicted }, 'deleted unused content from the cache');
      makeRoom(0);
    },
    async close() {
      closing.abort();
      await blobs.close();
    },
  };
}
