import { invalid } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import {
  type CacheOptions,
  createWebhook,
  matchesRepository,
  type RegistryEvents,
  type RegistryOptions,
} from '../../registry/index.ts';
import type { RegistryService } from './config.ts';
import { readNamed } from './read-named.ts';
import { openUpstream } from './upstream.ts';

/** Limits and collection. */
export function storageOptions({ gc, limits }: Pick<RegistryService, 'gc' | 'limits'>): Partial<RegistryOptions> {
  const quotas = limits?.quotas ?? [];
  return {
    ...(gc?.graceSeconds === undefined ? {} : { graceSeconds: gc.graceSeconds }),
    ...(gc?.sweepSeconds === undefined ? {} : { sweepSeconds: gc.sweepSeconds }),
    ...(gc?.untagged === undefined ? {} : { collectUntagged: gc.untagged }),
    ...(limits?.maxBlobBytes === undefined ? {} : { maxBlobBytes: limits.maxBlobBytes }),
    ...(limits?.totalBytes === undefined ? {} : { totalBytes: limits.totalBytes }),
    ...(limits?.uploadIdleSeconds === undefined ? {} : { uploadIdleSeconds: limits.uploadIdleSeconds }),
    quotaBytes: (name) => quotas.find(({ repositories }) => matchesRepository(repositories, name))?.bytes,
  };
}

/** Tells every webhook; they end with the stack. */
export function openWebhooks(
  webhooks: RegistryService['webhooks'],
  logger: Logger,
  opened: AsyncDisposableStack,
): RegistryEvents {
  const open = (webhooks ?? []).map(({ url, headers = {}, actions }) =>
    opened.use(createWebhook({ url, headers, ...(actions === undefined ? {} : { actions }) }, logger)),
  );
  return (event) => {
    for (const webhook of open) webhook.notify(event);
  };
}

/** @throws EngineError invalid */
export function openCache(proxy: NonNullable<RegistryService['proxy']>): CacheOptions & { upstream: AsyncDisposable } {
  const { remoteUrl, ttlSeconds, keepDays, passwordFile } = proxy;
  const username = proxy.username ?? process.env['REGISTRY_PROXY_USERNAME'];
  const password =
    passwordFile === undefined
      ? process.env['REGISTRY_PROXY_PASSWORD']
      : readNamed(passwordFile).toString('utf8').trimEnd();
  if ((username === undefined) !== (password === undefined)) {
    throw invalid('the upstream wants both a user and a password: proxy.username with proxy.passwordFile');
  }
  const upstream = openUpstream({
    url: remoteUrl,
    ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
  });
  return {
    upstream,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(keepDays === undefined ? {} : { keepSeconds: keepDays * 24 * 3600 }),
  };
}
