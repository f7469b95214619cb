import { EngineError } from '../base/errors.ts';
import { Authorizer } from './auth/authorizer.ts';
import { ANONYMOUS, type Credentials } from './auth/credentials.ts';
import { RegistryError } from './errors.ts';
import { type RegistryEndpoint, type RegistryHostsConfig, registryEndpoints } from './hosts/registry-hosts.ts';
import { discard } from './http/body-text.ts';
import { HostClient } from './http/host-client.ts';
import { createNodeTransport, type NodeTransport } from './http/node-transport.ts';
import type { ProxyRule } from './http/proxies.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetries } from './http/retry.ts';
import { openRepository, readCatalog } from './repository/open-repository.ts';
import type { Repository } from './repository/repository.ts';
import { type SearchResult, searchIndex } from './search.ts';

export interface RegistriesDeps {
  readonly hosts: RegistryHostsConfig;
  readonly userAgent: string;
  /** Default: no proxy. */
  readonly proxyOf?: ProxyRule;
  readonly retry?: RetryPolicy;
}

/**
 * Access to every registry.
 *
 * One life: a verb such as pull resolves a name to a domain and a path, and opens its `repository` with the user's
 * credentials. The repository finds out by itself how the registry wants to be asked (endpoint, mirrors, tokens), and is
 * forgotten with the verb. `login` checks credentials before a client stores them. `search` needs no repository.
 * Disposing closes all connections.
 */
export interface Registries extends AsyncDisposable {
  /**
   * Opens a repository, such as `docker.io`, `library/busybox`. Use one object per operation: it holds the caller's
   * credentials and tokens.
   */
  repository(domain: string, path: string, credentials: Credentials): Repository;
  /** Checks credentials, for `docker login`. @throws EngineError unauthorized when they are refused */
  login(domain: string, credentials: Credentials, signal: AbortSignal): Promise<{ readonly identityToken?: string }>;
  /** Searches Docker Hub for `docker.io`, else by the registry's own search, else in its catalogue. */
  search(
    domain: string,
    term: string,
    options: { readonly limit: number; readonly credentials: Credentials },
    signal: AbortSignal,
  ): Promise<readonly SearchResult[]>;
}

export function createRegistries(deps: RegistriesDeps): Registries {
  const transport: NodeTransport = createNodeTransport(deps.proxyOf);
  const connect = clientFactory(deps, transport);
  const endpointOf = (host: string, hosts = deps.hosts): RegistryEndpoint => {
    const endpoint = registryEndpoints(hosts, host, 'push')[0];
    if (endpoint === undefined) throw new EngineError('internal', `no endpoint for ${host}`);
    return endpoint;
  };
  const origin = (domain: string, credentials: Credentials): RegistryClient =>
    connect(endpointOf(domain), domain, credentials);

  return {
    repository(domain, path, credentials) {
      const pull = registryEndpoints(deps.hosts, domain, 'pull').map(
        (endpoint) => connect(endpoint, domain, credentials).host,
      );
      const push = pull.at(-1) ?? origin(domain, credentials).host;
      return openRepository(domain, path, { pull, push, elsewhere: (url) => layerHost(deps.hosts, connect, url) });
    },
    async login(domain, credentials, signal) {
      const { host, authorizer } = origin(domain, credentials);
      const response = await host
        .expect([200], { method: 'GET', path: '/v2/', scopes: [] }, signal)
        .catch((error: unknown) => Promise.reject(loginRefusal(error)));
      await discard(response.body);
      const { refreshToken } = await authorizer.offlineToken();
      return refreshToken === undefined ? {} : { identityToken: refreshToken };
    },
    async search(domain, term, { limit, credentials }, signal) {
      const searchHost = domain === 'docker.io' ? 'index.docker.io' : domain;
      const endpoint = endpointOf(searchHost, { ...deps.hosts, mirrors: {} });
      const { host } = connect({ ...endpoint, credentialsFor: domain }, domain, credentials);
      return search(host, { domain, term, limit }, signal);
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

interface RegistryClient {
  readonly host: HostClient;
  readonly authorizer: Authorizer;
}

type Connect = (endpoint: RegistryEndpoint, domain: string, credentials: Credentials) => RegistryClient;

/** Makes clients over one transport. Each has its caller's credentials and tokens. */
function clientFactory({ retry = DEFAULT_RETRY, userAgent }: RegistriesDeps, transport: NodeTransport): Connect {
  return (endpoint, domain, credentials) => {
    const authorizer = new Authorizer({
      credentials: endpoint.credentialsFor === domain ? credentials : ANONYMOUS,
      allowPlainHttp: endpoint.mayUsePlainHttp,
      send: (request) => {
        const sameHost = request.url.hostname === endpoint.url.hostname;
        const signal = AbortSignal.timeout(60_000);
        return withRetries(request, retry, signal, (attempt) =>
          transport.send(attempt, sameHost ? endpoint.tls : {}, signal),
        );
      },
    });
    return { host: new HostClient({ endpoint, transport: transport.send, authorizer, retry, userAgent }), authorizer };
  };
}

/** The host of a foreign layer. @throws EngineError unavailable when it may not be downloaded from there */
function layerHost(hosts: RegistryHostsConfig, connect: Connect, url: URL): HostClient {
  const endpoint = registryEndpoints(hosts, url.host, 'push')[0];
  const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && endpoint?.mayUsePlainHttp === true);
  if (endpoint === undefined || !isAllowed) {
    throw new EngineError('unavailable', `${url.origin} is not a place to fetch a layer from`);
  }
  return connect({ ...endpoint, credentialsFor: undefined }, url.host, ANONYMOUS).host;
}

async function search(
  host: HostClient,
  { domain, term, limit }: { readonly domain: string; readonly term: string; readonly limit: number },
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  try {
    return await searchIndex(host, term, limit, signal);
  } catch (error) {
    if (domain === 'docker.io' || !(error instanceof EngineError) || error.kind !== 'notFound') throw error;
  }
  const names = await readCatalog(host, 10_000, signal);
  return names
    .filter((name) => name.includes(term))
    .slice(0, limit)
    .map((name) => ({ name, description: '', star_count: 0, is_official: false, is_automated: false }));
}

/** The server's message. When it only asks for a login, the message is that the login was wrong. */
function loginRefusal(error: unknown): unknown {
  if (!(error instanceof RegistryError) || (error.status !== 401 && error.status !== 403)) return error;
  const isGeneral = error.message === 'unauthorized: authentication required';
  const message = isGeneral ? 'unauthorized: incorrect username or password' : error.message;
  return new EngineError('unauthorized', message, { cause: error });
}
