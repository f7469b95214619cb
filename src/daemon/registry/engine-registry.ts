import { hostname, networkInterfaces } from 'node:os';
import type { RegistryUsage } from '../../api/index.ts';
import { invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isLoopback } from '../../base/loopback.ts';
import { type EngineNames, openRegistry, type Registry } from '../../registry/index.ts';
import { parseReference } from '../../spec/index.ts';
import type { ContentStore, Finding, StateDb, Stores } from '../../store/index.ts';
import { type RegistryService, readServiceConfig } from './config.ts';
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
  serve(stores: EngineStores): Promise<void>;
}

export interface EngineRegistryConfig {
  /** Address. Undefined serves nothing, but keeps pushed content. */
  readonly listen: string | undefined;
  /** A file as for `gantry registry serve --config`, without a root and an address. */
  readonly configFile: string | undefined;
}

/** What the registry learns of the engine after its own start. */
interface Engine {
  stores: EngineStores | undefined;
  /** The registry's names in names of images. Empty while it does not listen. */
  hosts: ReadonlySet<string>;
}

type EngineStores = Pick<Stores, 'images' | 'collector'>;

/** @throws EngineError invalid */
export function openEngineRegistry(
  data: { readonly db: StateDb; readonly content: ContentStore },
  config: EngineRegistryConfig,
  deps: OutwardDeps,
): EngineRegistry {
  const { logger } = deps;
  const { service, addresses } = readOptions(config);
  const opened = new AsyncDisposableStack();
  const engine: Engine = { stores: undefined, hosts: new Set() };
  const { discard, discardEarly } = discarding(engine, deps);
  const events = openWebhooks(service.webhooks, deps, opened);
  const shared = { names: engineNames(engine), discard };
  const registry = opened.use(openRegistry({ ...data, logger, events, ...storageOptions(service), shared }));
  const cache = openEngineCache(data, service, { ...deps, events, discard });
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
      const seen = new Set(engine.stores?.images.references().blobs);
      return [...usageOf('registry', registry, seen), ...(cache === undefined ? [] : usageOf('cache', cache, seen))];
    },
    async serve(stores) {
      engine.stores = stores;
      discardEarly();
      if (cache !== undefined && addresses.cache !== undefined) {
        const options = { ...cacheService(service, addresses), listen: addresses.cache };
        const served = opened.use(await serveRegistry(cache, options, logger));
        logger.info({ address: served.address, upstream: cache.cache?.upstream }, 'cache listens');
      }
      const { registry: address } = addresses;
      if (address === undefined) return;
      const served = opened.use(await serveRegistry(registry, { ...service, listen: address }, logger));
      engine.hosts = namesOfThisHost(served.address, address);
      logger.info({ address: served.address }, 'registry listens');
      if (service.auth === undefined && !isLoopback(address.host)) {
        logger.warn(
          { address: served.address },
          'everyone who can connect to the registry may push: configure accounts',
        );
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface Addresses {
  readonly registry: ListenAddress | undefined;
  readonly cache: ListenAddress | undefined;
}

/** @throws EngineError invalid */
function readOptions({ listen, configFile }: EngineRegistryConfig): {
  readonly service: RegistryService;
  readonly addresses: Addresses;
} {
  const service = configFile === undefined ? {} : readServiceConfig(configFile);
  if (configFile !== undefined && listen === undefined && service.proxy === undefined) {
    throw invalid('--registry-config needs --registry-listen, or a proxy in its file');
  }
  return {
    service,
    addresses: {
      cache: service.proxy === undefined ? undefined : parseListen(service.proxy.listen),
      registry: listen === undefined ? undefined : parseListen(listen),
    },
  };
}

/** The engine's images by their names at this registry's address. */
function engineNames(engine: Engine): EngineNames {
  return {
    *all() {
      for (const { name, target } of engine.stores?.images.names() ?? []) {
        if (!engine.hosts.has(name.slice(0, name.indexOf('/')))) continue;
        const { path, tag } = parseReference(name);
        if (tag !== undefined) yield { repository: path, tag, target };
      }
    },
  };
}

/** Passes content that the registry released to the engine's collector. */
function discarding(
  engine: Engine,
  { logger }: Pick<OutwardDeps, 'logger'>,
): { readonly discard: (digest: Digest) => void; readonly discardEarly: () => void } {
  /** Content that was released before the engine's stores were open. */
  const early = new Set<Digest>();
  const discard = (digest: Digest): void => {
    if (engine.stores === undefined) return void early.add(digest);
    const collected = engine.stores.collector.collect({ blobs: new Set([digest]), chains: [] });
    collected.catch((error: unknown) => logger.error({ err: error, digest }, 'cannot delete a blob of the registry'));
  };
  return {
    discard,
    discardEarly() {
      early.forEach(discard);
      early.clear();
    },
  };
}

/** The service of the cache. Metrics have one address: it is the registry's where there is a registry. */
function cacheService({ metrics, ...rest }: RegistryService, { registry }: Addresses): RegistryService {
  return { ...rest, ...(registry === undefined && metrics !== undefined ? { metrics } : {}) };
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
