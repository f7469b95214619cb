import { invalid } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { createNodeTransport, type ProxyRule } from '../../distribution/index.ts';
import {
  type CacheOptions,
  createWebhook,
  matchesRepository,
  type RegistryEvents,
  type RegistryOptions,
  type WebhookDeps,
} from '../../registry/index.ts';
import type { RegistryService } from './config.ts';
import { readNamed } from './read-named.ts';
import { openUpstream } from './upstream.ts';

/** The dependencies of code that connects to other machines. */
export interface OutwardDeps {
  readonly logger: Logger;
  readonly proxyOf: ProxyRule;
}

/** The options of limits and collection. */
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

/** Calls every webhook. The stack ends them. */
export function openWebhooks(
  webhooks: RegistryService['webhooks'],
  { logger, proxyOf }: OutwardDeps,
  opened: AsyncDisposableStack,
): RegistryEvents {
  const { send } = opened.use(createNodeTransport(proxyOf));
  const post: WebhookDeps['post'] = async (url, message, signal) => {
    const { status, body } = await send({ method: 'POST', url, ...message }, {}, signal);
    // The body of the response is not used, nor are its errors.
    body.on('error', () => {}).resume();
    return status;
  };
  const open = (webhooks ?? []).map(({ url, headers = {}, actions }) =>
    opened.use(createWebhook({ post, logger }, { url, headers, ...(actions === undefined ? {} : { actions }) })),
  );
  return (event) => {
    for (const webhook of open) webhook.notify(event);
  };
}

/** @throws EngineError invalid */
export function openCache(
  proxy: NonNullable<RegistryService['proxy']>,
  proxyOf: ProxyRule,
): CacheOptions & { upstream: AsyncDisposable } {
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
    proxyOf,
    ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
  });
  return {
    upstream,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(keepDays === undefined ? {} : { keepSeconds: keepDays * 24 * 3600 }),
  };
}
