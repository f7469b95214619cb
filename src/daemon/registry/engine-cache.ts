import type { Digest } from '../../base/ids.ts';
import { emptyTables, openRegistry, openTables, type Registry, type RegistryEvents } from '../../registry/index.ts';
import type { ContentStore, StateDb } from '../../store/index.ts';
import type { RegistryService } from './config.ts';
import { type OutwardDeps, openCache, storageOptions } from './registry-options.ts';

const TABLES = 'registry_cache';
/** Table with the name of the cached registry. */
const UPSTREAM = 'registry_cache_upstream';

/**
 * Opens a cache of another registry on the engine's content store. Its records are separate from pushed content.
 * Without a `proxy`, or with another one than before, the cached content is deleted. Undefined where there is no cache.
 */
export function openEngineCache(
  { db, content }: { readonly db: StateDb; readonly content: ContentStore },
  { proxy, gc, limits }: RegistryService,
  deps: OutwardDeps & { readonly events: RegistryEvents; readonly discard: (digest: Digest) => void },
): (Registry & AsyncDisposable) | undefined {
  const upstreams = db.table<{ readonly remoteUrl: string }>(UPSTREAM, { durable: true });
  const known = upstreams.get('upstream')?.remoteUrl;
  if (known !== proxy?.remoteUrl) {
    emptyTables(openTables(db, TABLES));
    if (proxy === undefined) upstreams.delete('upstream');
    else upstreams.put('upstream', { remoteUrl: proxy.remoteUrl });
  }
  if (proxy === undefined) return undefined;
  const { maxBlobBytes } = limits ?? {};
  const cache = openCache(proxy, deps.proxyOf);
  const registry = openRegistry({
    db,
    content,
    logger: deps.logger,
    events: deps.events,
    tables: TABLES,
    ...storageOptions({ gc, limits: maxBlobBytes === undefined ? {} : { maxBlobBytes } }),
    ...(proxy.totalBytes === undefined ? {} : { totalBytes: proxy.totalBytes }),
    cache,
    shared: { discard: deps.discard },
  });
  return {
    ...registry,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await cache.upstream[Symbol.asyncDispose]();
    },
  };
}
