import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { conflict, errnoOf, invalid, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import {
  type Authentication,
  basicAuthentication,
  bearerAuthentication,
  type CacheOptions,
  createMetrics,
  createRegistryServer,
  createWebhook,
  EVERYTHING,
  matchesRepository,
  OPEN,
  openRegistry,
  type Passwords,
  parseHtpasswd,
  parseTokenKeys,
  type RegistryOptions,
  type ServerTls,
} from '../../registry/index.ts';
import { openContentStore, openStateDb } from '../../store/index.ts';
import { lockDataRoot } from '../lock.ts';
import { parseListen, type RegistryConfig } from './config.ts';
import { openUpstream } from './upstream.ts';

export interface RunningRegistry extends AsyncDisposable {
  /** As a client's address: `127.0.0.1:5000`. */
  readonly address: string;
}

/** Time for requests under way to end when the registry stops. */
const DRAIN_MS = 5000;

/** Opens a registry on a root of its own and listens. @throws EngineError conflict, invalid */
export async function startRegistry(config: RegistryConfig, logger: Logger): Promise<RunningRegistry> {
  await using opened = new AsyncDisposableStack();
  opened.use(lockDataRoot(config.root));
  const db = openStateDb(config.root);
  opened.defer(() => db.close());
  const content = openContentStore(join(config.root, 'content'), logger);
  const webhooks = (config.webhooks ?? []).map(({ url, headers = {}, actions }) =>
    opened.use(createWebhook({ url, headers, ...(actions === undefined ? {} : { actions }) }, logger)),
  );
  const cache = config.proxy === undefined ? undefined : cacheOptions(config.proxy);
  if (cache !== undefined) opened.use(cache.upstream);
  const registry = opened.use(
    openRegistry({
      db,
      content,
      logger,
      ...storageOptions(config),
      ...(cache === undefined ? {} : { cache }),
      events(event) {
        for (const webhook of webhooks) webhook.notify(event);
      },
    }),
  );
  const metrics = createMetrics();
  const server = createRegistryServer(
    {
      registry,
      authentication: openAuthentication(config.auth),
      answered(request) {
        metrics.answered(request);
        logger.debug(request, 'answered');
      },
    },
    config.tls === undefined ? {} : { tls: readTls(config.tls) },
  );
  const address = await listen(server, config.listen);
  opened.defer(() => close(server));
  if (config.metrics !== undefined) {
    const scraped = createServer((request, response) => {
      const known = request.url === '/metrics';
      response.writeHead(known ? 200 : 404, { 'Content-Type': 'text/plain; version=0.0.4' });
      response.end(known ? metrics.text(registry) : 'not found\n');
    });
    const at = await listen(scraped, parseListen(config.metrics.listen));
    opened.defer(() => close(scraped));
    logger.info({ address: at }, 'metrics are served');
  }
  const kept = opened.move();
  return { address, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function storageOptions({ gc, limits }: RegistryConfig): Partial<RegistryOptions> {
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

/** @throws EngineError invalid */
function cacheOptions(proxy: NonNullable<RegistryConfig['proxy']>): CacheOptions & { upstream: AsyncDisposable } {
  const { remoteUrl, ttlSeconds, keepDays, passwordFile } = proxy;
  const username = proxy.username ?? process.env['REGISTRY_PROXY_USERNAME'];
  const password =
    passwordFile === undefined ? process.env['REGISTRY_PROXY_PASSWORD'] : read(passwordFile).toString('utf8').trimEnd();
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

/** @throws EngineError invalid */
function openAuthentication(auth: RegistryConfig['auth']): Authentication {
  if (auth?.token !== undefined) {
    const { realm, service, issuer, keys } = auth.token;
    return bearerAuthentication({ realm, service, issuer, keys: parseTokenKeys(read(keys).toString('utf8')) });
  }
  if (auth?.htpasswd === undefined) {
    if (auth?.rights !== undefined) throw invalid('auth.rights needs users: auth.htpasswd');
    return OPEN;
  }
  return basicAuthentication(parsePasswords(auth.htpasswd), {
    rights: auth.rights ?? EVERYTHING,
    realm: auth.realm ?? 'Gantry registry',
  });
}

function parsePasswords(path: string): Passwords {
  try {
    return parseHtpasswd(read(path).toString('utf8'));
  } catch (error) {
    throw invalid(`${path}: ${messageOf(error)}`, error);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`cannot read ${path}: ${messageOf(error)}`, error);
  }
}

function readTls({ cert, key, clientCa }: NonNullable<RegistryConfig['tls']>): ServerTls {
  return { cert: read(cert), key: read(key), ...(clientCa === undefined ? {} : { clientCa: read(clientCa) }) };
}

async function listen(server: Server, { host, port }: RegistryConfig['listen']): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  try {
    await promise;
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') throw conflict(`${host}:${port} is in use by another program`);
    throw invalid(`cannot listen on ${host}:${port}: ${messageOf(error)}`, error);
  }
  server.removeListener('error', reject);
  const { address, family, port: taken } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${taken}` : `${address}:${taken}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
