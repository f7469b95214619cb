import { invalid } from '../../base/errors.ts';
import {
  ANONYMOUS,
  type Credentials,
  createRegistries,
  type ProxyRule,
  type Repository,
} from '../../distribution/index.ts';
import type { RepositoryName, Upstream } from '../../registry/index.ts';
import { ENGINE_VERSION } from '../engine-version.ts';
import { CERTS_DIRS } from '../registry-client.ts';

export interface UpstreamOptions {
  /** `https://HOST[:PORT]`, `http://…` for one without TLS, or `docker.io`. */
  readonly url: string;
  readonly proxyOf: ProxyRule;
  readonly credentials?: { readonly username: string; readonly password: string };
}

const HUB = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
/** Clients wait for it, so that it gives up sooner than a pull of the engine. */
const RETRY = { attempts: 3, firstDelayMs: 200, maxDelayMs: 5000 };
const REPOSITORIES_MAX = 500;

/** Parses the address of the cached registry. @throws EngineError invalid */
export function parseUpstream(text: string): { readonly domain: string; readonly plainHttp: boolean } {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw invalid(`${JSON.stringify(text)} is not a registry: https://HOST[:PORT]`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('the credentials for the upstream do not belong into its address: see docs/registry.md');
  }
  return { domain: HUB.includes(url.host) ? 'docker.io' : url.host, plainHttp: url.protocol === 'http:' };
}

/** Makes the registry client the upstream of a pull-through cache. @throws EngineError invalid */
export function openUpstream(options: UpstreamOptions): Upstream & AsyncDisposable {
  const { domain, plainHttp } = parseUpstream(options.url);
  const registries = createRegistries({
    hosts: { insecureRegistries: plainHttp ? [domain] : [], mirrors: {}, certsDirs: CERTS_DIRS },
    userAgent: `gantry-registry/${ENGINE_VERSION} (linux)`,
    retry: RETRY,
    proxyOf: options.proxyOf,
  });
  const credentials: Credentials =
    options.credentials === undefined ? ANONYMOUS : { kind: 'password', ...options.credentials };
  // Each repository keeps its tokens, so that not every request asks for one.
  const repositories = new Map<RepositoryName, Repository>();
  const of = (name: RepositoryName): Repository => {
    let repository = repositories.get(name);
    if (repository === undefined) {
      const path = domain === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
      repository = registries.repository(domain, path, credentials);
      const [oldest] = repositories.keys();
      if (repositories.size >= REPOSITORIES_MAX && oldest !== undefined) repositories.delete(oldest);
      repositories.set(name, repository);
    }
    return repository;
  };
  return {
    name: domain,
    manifest: (name, reference, signal) => of(name).manifest(reference, signal),
    resolve: (name, reference, signal) => of(name).resolve(reference, signal),
    download: (name, { blob, sink }, signal) => of(name).download(blob, sink, signal),
    tags: (name, signal) => of(name).tags(signal),
    referrers: (name, digest, signal) => of(name).referrers(digest, signal),
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}
