import type { Digest } from '../../base/ids.ts';
import {
  forgetEverything,
  openRegistry,
  openTables,
  type Registry,
  type RegistryEvents,
} from '../../registry/index.ts';
import type { ContentStore, StateDb } from '../../store/index.ts';
import type { RegistryService } from './config.ts';
import { type OutwardDeps, openCache, storageOptions } from './registry-options.ts';

const TABLES = 'registry_cache';
/** Table: whose images are cached. */
const UPSTREAM = 'registry_cache_upstream';

/**
 * A cache of another registry on the engine's content store: its records are apart from what was pushed. Without a `proxy`, or with
 * another one than before, what was cached is forgotten. Undefined where there is none.
 */
export function openEngineCache(
  { db, content }: { readonly db: StateDb; readonly content: ContentStore },
  { proxy, gc, limits }: RegistryService,
  deps: OutwardDeps & { readonly events: RegistryEvents; readonly discard: (digest: Digest) => void },
): (Registry & AsyncDisposable) | undefined {
  const upstreams = db.table<{ readonly remoteUrl: string }>(UPSTREAM, { durable: true });
  const known = upstreams.get('upstream')?.remoteUrl;
  if (known !== proxy?.remoteUrl) {
    forgetEverything(openTables(db, TABLES));
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
