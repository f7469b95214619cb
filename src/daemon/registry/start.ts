import { join } from 'node:path';
import type { Logger } from '../../base/logger.ts';
import { proxiesOfEnvironment, proxyRule } from '../../distribution/index.ts';
import { openRegistry } from '../../registry/index.ts';
import { openContentStore, openStateDb } from '../../store/index.ts';
import { lockDataRoot } from '../lock.ts';
import type { RegistryConfig } from './config.ts';
import { openCache, openWebhooks, storageOptions } from './registry-options.ts';
import { type ServedRegistry, serveRegistry } from './serve.ts';

/** Opens a registry on a root of its own and listens. @throws EngineError conflict, invalid */
export async function startRegistry(config: RegistryConfig, logger: Logger): Promise<ServedRegistry> {
  await using opened = new AsyncDisposableStack();
  opened.use(lockDataRoot(config.root));
  const db = openStateDb(config.root);
  opened.defer(() => db.close());
  const content = openContentStore(join(config.root, 'content'), logger);
  const proxyOf = proxyRule(proxiesOfEnvironment(process.env));
  const events = openWebhooks(config.webhooks, { logger, proxyOf }, opened);
  const cache = config.proxy === undefined ? undefined : openCache(config.proxy, proxyOf);
  if (cache !== undefined) opened.use(cache.upstream);
  const registry = opened.use(
    openRegistry({
      db,
      content,
      logger,
      events,
      ...storageOptions(config),
      ...(cache === undefined ? {} : { cache }),
    }),
  );
  const { address } = opened.use(await serveRegistry(registry, config, logger));
  const kept = opened.move();
  return { address, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
