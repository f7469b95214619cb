import type { Digest } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { ContentStore, StateDb } from '../store/index.ts';
import type { RepositoryName } from './names.ts';
import { type CacheOptions, createPullThroughCache, type PullThroughCache } from './pull-through/pull-through-cache.ts';
import { openPullTimes } from './pull-through/pull-times.ts';
import { createRegistryCollector, type RegistryCollector } from './storage/collector.ts';
import { createLocalImages, type EngineNames, type LocalImages } from './storage/local-images.ts';
import { createQuota, type Quota } from './storage/quota.ts';
import { openTables, type RegistryTables, type TableSet } from './storage/records.ts';
import { openRepositoryIndex, type RepositoryIndex } from './storage/repository-index.ts';
import { openUploads, type Uploads } from './storage/uploads.ts';

/**
 * A registry's data: repositories over one content store.
 *
 * Words: a *repository* is a named set of blobs, manifests and tags. A *blob* is content of any kind. A *manifest* is a
 * document that refers to blobs or to other manifests. A *tag* is a name for a manifest. *Unused* content is content to
 * which no manifest of its repository refers.
 *
 * One life of an image: a push starts an upload in `uploads` for each blob, if `quota` permits it, and the committed
 * upload becomes a blob of the repository in `index`. Then the push puts the manifest with its tag there. A pull finds
 * the digest of a tag in `index` and reads the bytes from `content`; in a cache, `cache` fetches missing content first.
 * `events` is called after each push, pull and deletion. When a client deletes the manifest, its blobs become unused,
 * and `collector` deletes them after the grace time. Disposing the registry closes its uploads; the next one continues
 * them.
 */
export interface Registry extends AsyncDisposable {
  readonly content: ContentStore;
  readonly index: RepositoryIndex;
  readonly uploads: Uploads;
  readonly collector: RegistryCollector;
  readonly events: RegistryEvents;
  readonly logger: Logger;
  /** Missing content that repositories refer to, each with one of the repositories. Checks every file. */
  lost(): readonly { readonly repository: RepositoryName; readonly digest: Digest }[];
  /** All content of the repositories, with its size in bytes. */
  contents(): ReadonlyMap<Digest, number>;
  readonly quota: Quota;
  /** Images of the engine that shares the content store. */
  readonly local: LocalImages | undefined;
  /** Set when the registry is a cache of another one. */
  readonly cache: PullThroughCache | undefined;
}

export interface RegistryEvent {
  readonly action: 'push' | 'pull' | 'mount' | 'delete';
  readonly repository: RepositoryName;
  readonly digest: string;
  readonly mediaType?: string;
  readonly sizeBytes?: number;
  readonly tag?: string;
  readonly fromRepository?: RepositoryName;
  readonly actor: string | undefined;
  readonly remoteAddress: string;
}

/** Called after an event. Must not throw. */
export type RegistryEvents = (event: RegistryEvent) => void;

export interface RegistryOptions {
  readonly content: ContentStore;
  readonly db: Pick<StateDb, 'table' | 'transaction'>;
  /** Default `registry`. */
  readonly tables?: TableSet;
  readonly logger: Logger;
  readonly events?: RegistryEvents;
  /** How long content without a manifest stays. Default one hour. */
  readonly graceSeconds?: number;
  /** Whether to collect manifests without a tag, index or subject too. Default false. */
  readonly collectUntagged?: boolean;
  /** Uploads without a request for this long are cancelled. Default one day. */
  readonly uploadIdleSeconds?: number;
  /** Default 1 TiB. */
  readonly maxBlobBytes?: number;
  /** Limit of a repository. Undefined sets none. */
  readonly quotaBytes?: (repository: RepositoryName) => number | undefined;
  /** Limit of all repositories together. A cache deletes the least recently pulled content instead of refusing. */
  readonly totalBytes?: number;
  /** Set to make the registry a pull-through cache. */
  readonly cache?: CacheOptions;
  /**
   * Set when the content store is an engine's, which asks `collector.keeps` before it deletes. With `names` the
   * registry also serves the engine's images, under their names at this registry's address.
   */
  readonly shared?: {
    readonly names?: EngineNames;
    /** Called with content that the registry no longer needs. Others may still need it. */
    readonly discard: (digest: Digest) => void;
  };
  /** Interval of the search for unused content. Default 30 seconds. */
  readonly sweepSeconds?: number;
  /** Milliseconds of a monotonic clock. For tests. */
  readonly now?: () => number;
}

/**
 * Opens the registry's data, and deletes content without a record that a crash left, unless the content store is
 * shared.
 */
export function openRegistry(options: RegistryOptions): Registry {
  const { content, logger, shared } = options;
  const now = options.now ?? (() => performance.now());
  const tables = openTables(options.db, options.tables ?? 'registry');
  const { index, collector } = openIndex(options, tables, now);
  const totalBytes = options.totalBytes ?? Number.POSITIVE_INFINITY;
  const quota = createQuota(
    { ofRepository: options.quotaBytes ?? (() => undefined), totalBytes },
    { index, pendingBytes: (repository) => uploads.pendingBytes(repository) },
  );
  const uploads: Uploads = openUploads({
    content,
    // The ingests of an engine are not the registry's.
    expireIngests: shared === undefined ? content.expireIngests : () => {},
    records: tables.uploads,
    limits: { maxBlobBytes: options.maxBlobBytes ?? 2 ** 40, checkQuota: quota.require },
    now,
  });
  const cache = openCache(options, { content, index, collector, logger, now }, tables);
  const timer = sweepRegularly(options, { cache, collector, uploads });
  return {
    content,
    index,
    uploads,
    collector,
    logger,
    quota,
    cache,
    events: options.events ?? (() => {}),
    contents: () => contentsOf(index),
    lost: () => lostContent(index, content),
    local: shared?.names && createLocalImages(shared.names, content, logger),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await cache?.close();
      await uploads.close();
      if (shared === undefined) content.close();
    },
  };
}

/** The pull-through cache, in a registry that is one. */
function openCache(
  options: RegistryOptions,
  parts: Pick<Parameters<typeof createPullThroughCache>[1], 'content' | 'index' | 'collector' | 'logger' | 'now'>,
  tables: RegistryTables,
): PullThroughCache | undefined {
  if (options.cache === undefined) return undefined;
  const startedAt = Date.now() - parts.now();
  const wallClock = (): number => startedAt + parts.now();
  const pulled = openPullTimes(tables.pulls, wallClock);
  const maxBytes = options.totalBytes ?? Number.POSITIVE_INFINITY;
  return createPullThroughCache(options.cache, { ...parts, wallClock, pulled, maxBytes });
}

function openIndex(
  { content, logger, shared, graceSeconds = 3600, collectUntagged = false }: RegistryOptions,
  tables: RegistryTables,
  now: () => number,
): { readonly index: RepositoryIndex; readonly collector: RegistryCollector } {
  const discard = shared?.discard ?? ((digest) => content.delete(digest));
  const collecting = createRegistryCollector({ content, discard, logger, now, graceSeconds, collectUntagged });
  const index = openRepositoryIndex(tables, collecting.listener);
  const collector = collecting.start(index);
  if (shared === undefined) collector.reconcile();
  return { index, collector };
}

function sweepRegularly(
  { logger, uploadIdleSeconds = 24 * 3600, sweepSeconds = 30 }: RegistryOptions,
  { cache, collector, uploads }: Pick<Registry, 'cache' | 'collector' | 'uploads'>,
): NodeJS.Timeout {
  const sweep = (): void => {
    try {
      cache?.evict();
      collector.sweep();
    } catch (error) {
      logger.error({ err: error }, 'cannot collect unused content');
    }
    uploads
      .expire(uploadIdleSeconds)
      .catch((error: unknown) => logger.error({ err: error }, 'cannot end abandoned uploads'));
  };
  return setInterval(sweep, sweepSeconds * 1000).unref();
}

function contentsOf(index: RepositoryIndex): ReadonlyMap<Digest, number> {
  const contents = new Map<Digest, number>();
  for (const name of index.names()) {
    const { blobs, manifests } = index.get(name) ?? { blobs: new Map(), manifests: new Map() };
    for (const [digest, { sizeBytes }] of [...blobs, ...manifests]) contents.set(digest, sizeBytes);
  }
  return contents;
}

function lostContent(index: RepositoryIndex, content: ContentStore): ReturnType<Registry['lost']> {
  const lost = new Map<Digest, RepositoryName>();
  for (const repository of index.names()) {
    const { blobs, manifests } = index.get(repository) ?? { blobs: new Map(), manifests: new Map() };
    for (const digest of [...blobs.keys(), ...manifests.keys()]) {
      if (!lost.has(digest) && !content.has(digest)) lost.set(digest, repository);
    }
  }
  return [...lost].map(([digest, repository]) => ({ repository, digest }));
}
