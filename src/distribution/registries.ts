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
  /** Default none. */
  readonly proxyOf?: ProxyRule;
  readonly retry?: RetryPolicy;
}

/** Every registry that the engine may speak to. */
export interface Registries extends AsyncDisposable {
  /** `docker.io`, `library/busybox`. One object per operation: it holds the credentials and tokens of its caller. */
  repository(domain: string, path: string, credentials: Credentials): Repository;
  /**
   * Checks credentials as `docker login` does.
   * @throws EngineError unauthorized when they are refused
   */
  login(domain: string, credentials: Credentials, signal: AbortSignal): Promise<{ readonly identityToken?: string }>;
  /** Docker Hub's search for `docker.io`, else by the registry's own, else by its catalogue. */
  search(
    domain: string,
    term: string,
    options: { readonly limit: number; readonly credentials: Credentials },
    signal: AbortSignal,
  ): Promise<readonly SearchResult[]>;
}

export function createRegistries(deps: RegistriesDeps): Registries {
  const transport: NodeTransport = createNodeTransport(deps.proxyOf);
  const retry = deps.retry ?? DEFAULT_RETRY;

  const client = (
    endpoint: RegistryEndpoint,
    domain: string,
    credentials: Credentials,
  ): { host: HostClient; authorizer: Authorizer } => {
    const given = endpoint.credentialsFor === domain ? credentials : ANONYMOUS;
    const authorizer = new Authorizer({
      credentials: given,
      allowPlainHttp: endpoint.mayUsePlainHttp,
      send: (request) => {
        const sameHost = request.url.hostname === endpoint.url.hostname;
        const signal = AbortSignal.timeout(60_000);
        return withRetries(request, retry, signal, (attempt) =>
          transport.send(attempt, sameHost ? endpoint.tls : {}, signal),
        );
      },
    });
    const host = new HostClient({ endpoint, transport: transport.send, authorizer, retry, userAgent: deps.userAgent });
    return { host, authorizer };
  };
  const origin = (domain: string, credentials: Credentials) => {
    const endpoint = registryEndpoints(deps.hosts, domain, 'push')[0];
    if (endpoint === undefined) throw new EngineError('internal', `no endpoint for ${domain}`);
    return client(endpoint, domain, credentials);
  };

  /** Where a foreign layer lies. */
  const elsewhere = (url: URL): HostClient => {
    const endpoint = registryEndpoints(deps.hosts, url.host, 'push')[0];
    if (
      endpoint === undefined ||
      (url.protocol !== 'https:' && !(url.protocol === 'http:' && endpoint.mayUsePlainHttp))
    )
      throw new EngineError('unavailable', `${url.origin} is no place to fetch a layer from`);
    return client({ ...endpoint, credentialsFor: undefined }, url.host, ANONYMOUS).host;
  };

  return {
    repository(domain, path, credentials) {
      const pull = registryEndpoints(deps.hosts, domain, 'pull').map(
        (endpoint) => client(endpoint, domain, credentials).host,
      );
      const push = pull.at(-1) ?? origin(domain, credentials).host;
      return openRepository(domain, path, { pull, push, elsewhere });
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
      const endpoint = registryEndpoints({ ...deps.hosts, mirrors: {} }, searchHost, 'push')[0];
      if (endpoint === undefined) throw new EngineError('internal', `no endpoint for ${searchHost}`);
      const { host } = client({ ...endpoint, credentialsFor: domain }, domain, credentials);
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
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** The server's words; where it only says that a login is needed, what is wrong with the one that it got. */
function loginRefusal(error: unknown): unknown {
  if (!(error instanceof RegistryError) || (error.status !== 401 && error.status !== 403)) return error;
  const isGeneral = error.message === 'unauthorized: authentication required';
  const message = isGeneral ? 'unauthorized: incorrect username or password' : error.message;
  return new EngineError('unauthorized', message, { cause: error });
}
