import { hostname, networkInterfaces } from 'node:os';
import type { RegistryUsage } from '../../api/index.ts';
import { invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isLoopback } from '../../base/loopback.ts';
import { type EngineNames, openRegistry, type Registry } from '../../registry/index.ts';
import { parseReference } from '../../spec/index.ts';
import type { ContentStore, Finding, StateDb, Stores } from '../../store/index.ts';
import { readServiceConfig } from './config.ts';
import { openEngineCache } from './engine-cache.ts';
import { type ListenAddress, parseListen } from './listen-address.ts';
import { type OutwardDeps, openWebhooks, storageOptions } from './registry-options.ts';
import { serveRegistry } from './serve.ts';

/** A registry on the engine's own content store. */
export interface EngineRegistry extends AsyncDisposable {
  /** For the engine's collector: whether the registry uses a blob. */
  keeps(digest: Digest): boolean;
  /** For the check of the stores. */
  audit(): readonly Finding[];
  /** The usage of the registry and the cache, where they have content. */
  usage(): readonly RegistryUsage[];
  /** Listens if that is configured, once the engine's stores are open. @throws EngineError conflict, invalid */
  serve(stores: Pick<Stores, 'images' | 'collector'>): Promise<void>;
}

export interface EngineRegistryConfig {
  /** Address. Undefined serves nothing, but keeps pushed content. */
  readonly listen: string | undefined;
  /** A file as for `gantry registry serve --config`, without a root and an address. */
  readonly configFile: string | undefined;
}

/** @throws EngineError invalid */
export function openEngineRegistry(
  { db, content }: { readonly db: StateDb; readonly content: ContentStore },
  { listen, configFile }: EngineRegistryConfig,
  deps: OutwardDeps,
): EngineRegistry {
  const { logger } = deps;
  const service = configFile === undefined ? {} : readServiceConfig(configFile);
  if (configFile !== undefined && listen === undefined && service.proxy === undefined) {
    throw invalid('--registry-config needs --registry-listen, or a proxy in its file');
  }
  const cacheAddress = service.proxy === undefined ? undefined : parseListen(service.proxy.listen);
  const address = listen === undefined ? undefined : parseListen(listen);
  const opened = new AsyncDisposableStack();
  let stores: Pick<Stores, 'images' | 'collector'> | undefined;
  let hosts: ReadonlySet<string> = new Set();
  const names: EngineNames = {
    *all() {
      for (const { name, target } of stores?.images.names() ?? []) {
        if (!hosts.has(name.slice(0, name.indexOf('/')))) continue;
        const { path, tag } = parseReference(name);
        if (tag !== undefined) yield { repository: path, tag, target };
      }
    },
  };
  /** Content that was released before the engine's stores were open. */
  const early = new Set<Digest>();
  const discard = (digest: Digest): void => {
    if (stores === undefined) return void early.add(digest);
    const collected = stores.collector.collect({ blobs: new Set([digest]), chains: [] });
    collected.catch((error: unknown) => logger.error({ err: error, digest }, 'cannot delete a blob of the registry'));
  };
  const events = openWebhooks(service.webhooks, deps, opened);
  const registry: Registry = opened.use(
    openRegistry({
      db,
      content,
      logger,
      events,
      ...storageOptions(service),
      shared: { names, discard },
    }),
  );
  const cache = openEngineCache({ db, content }, service, { ...deps, events, discard });
  if (cache !== undefined) opened.use(cache);
  return {
    keeps: (digest) => registry.collector.keeps(digest) || cache?.collector.keeps(digest) === true,
    audit: () => [
      ...findings(registry, "the engine's registry", (repository) => `push ${repository} again`),
      ...(cache === undefined
        ? []
        : findings(cache, "the engine's cache", () => 'it is fetched again when it is pulled')),
    ],
    usage() {
      const seen = new Set(stores?.images.references().blobs);
      return [...usageOf('registry', registry, seen), ...(cache === undefined ? [] : usageOf('cache', cache, seen))];
    },
    async serve(engine) {
      stores = engine;
      early.forEach(discard);
      early.clear();
      if (cache !== undefined && cacheAddress !== undefined) {
        // Metrics have one address. It is the registry's where there is a registry.
        const { metrics, ...rest } = service;
        const own = { ...rest, ...(address === undefined && metrics !== undefined ? { metrics } : {}) };
        const served = opened.use(await serveRegistry(cache, { ...own, listen: cacheAddress }, logger));
        logger.info({ address: served.address, upstream: cache.cache?.upstream }, 'cache listens');
      }
      if (address === undefined) return;
      const served = opened.use(await serveRegistry(registry, { ...service, listen: address }, logger));
      hosts = namesOfThisHost(served.address, address);
      logger.info({ address: served.address }, 'registry listens');
      if (service.auth === undefined && !isLoopback(address.host)) {
        logger.warn({ address: served.address }, 'whoever reaches the registry may push: configure accounts');
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function findings(registry: Registry, what: string, advice: (repository: string) => string): readonly Finding[] {
  return registry.lost().map(({ repository, digest }) => ({
    kind: 'blob-missing',
    subject: digest,
    problem: `${repository} in ${what} refers to it, and it is not there`,
    advice: advice(repository),
  }));
}

/** `seen` holds the content of earlier registries. The content of this one is added. */
function usageOf(type: RegistryUsage['Type'], registry: Registry, seen: Set<Digest>): readonly RegistryUsage[] {
  const contents = registry.contents();
  if (contents.size === 0) return [];
  let [size, uniqueSize] = [0, 0];
  for (const [digest, sizeBytes] of contents) {
    size += sizeBytes;
    if (!seen.has(digest)) uniqueSize += sizeBytes;
    seen.add(digest);
  }
  return [{ Type: type, Repositories: registry.index.names().length, Size: size, UniqueSize: uniqueSize }];
}

/** The registry's names in names of images: `localhost:5000`, `192.0.2.1:5000`, `build-host:5000`. */
function namesOfThisHost(served: string, { host }: ListenAddress): ReadonlySet<string> {
  const port = served.slice(served.lastIndexOf(':') + 1);
  const addresses = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map((entry) => entry.address),
  );
  const hosts = ['localhost', hostname(), host, '127.0.0.1', '::1', ...addresses];
  return new Set(hosts.map((name) => `${name.includes(':') ? `[${name}]` : name}:${port}`));
}
