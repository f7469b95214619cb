import { errnoOf } from '../../base/errors.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { parseErrorBody, RegistryError } from '../errors.ts';
import type { RegistryEndpoint } from '../hosts/registry-hosts.ts';
import { readBytes } from './body-text.ts';
import { followRedirects } from './redirects.ts';
import { type RetryPolicy, withRetries } from './retry.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface HostClientOptions {
  readonly endpoint: RegistryEndpoint;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly retry: RetryPolicy;
  readonly userAgent: string;
}

export interface ApiRequest extends Omit<HttpRequest, 'url' | 'headers'> {
  /** Relative to the endpoint (`/v2/library/busybox/tags/list?n=5`), or the absolute location that the host gave. */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
}

const ERROR_BYTES_MAX = 64 * 1024;

/** Speaks to one registry endpoint: authorization, retries, redirects, and plain http where that is allowed. */
export class HostClient {
  readonly #options: HostClientOptions;
  #plainHttp = false;

  constructor(options: HostClientOptions) {
    this.#options = options;
  }

  get host(): string {
    return this.#options.endpoint.url.host;
  }

  get isMirror(): boolean {
    return this.#options.endpoint.isMirror;
  }

  /** Where a path leads now; for resolving `Location` headers. */
  url(path: string | URL): URL {
    if (path instanceof URL) return path;
    const base = this.#options.endpoint.url;
    const url = new URL(`${base.pathname.replace(/\/+$/, '')}${path}`, base);
    if (this.#plainHttp) url.protocol = 'http:';
    return url;
  }

  /** Any answer of the registry. Rejects only when there is none. */
  async send(request: ApiRequest, signal: AbortSignal): Promise<HttpResponse> {
    const { authorizer, retry, userAgent } = this.#options;
    const { path, scopes, headers, ...rest } = request;
    const full: HttpRequest = { ...rest, url: this.url(path), headers: { 'user-agent': userAgent, ...headers } };
    return withRetries(full, retry, signal, (attempt) =>
      authorizer.send(attempt, scopes, (authorized) =>
        followRedirects(authorized, (hop) => this.#exchange(hop, signal)),
      ),
    );
  }

  /** As {@link send}, for answers of one of the expected statuses. @throws RegistryError for any other */
  async expect(statuses: readonly number[], request: ApiRequest, signal: AbortSignal): Promise<HttpResponse> {
    const response = await this.send(request, signal);
    if (statuses.includes(response.status)) return response;
    const body = (await readBytes(response.body, ERROR_BYTES_MAX).catch(() => Buffer.alloc(0))).toString();
    throw new RegistryError(response.status, parseErrorBody(body), `${request.method} ${this.host}`);
  }

  /** An insecure registry may speak plain http: found out with the first request that gets no TLS answer. */
  async #exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const { endpoint, transport } = this.#options;
    const ownHost = request.url.host === endpoint.url.host;
    const tls = ownHost ? endpoint.tls : {};
    const asPlain = (): HttpRequest => {
      const url = new URL(request.url);
      url.protocol = 'http:';
      return { ...request, url };
    };
    if (ownHost && this.#plainHttp && request.url.protocol === 'https:') return transport(asPlain(), tls, signal);
    try {
      return await transport(request, tls, signal);
    } catch (error) {
      if (!ownHost || !endpoint.mayUsePlainHttp || request.url.protocol !== 'https:' || !isNoTls(error)) throw error;
      const response = await transport(asPlain(), tls, signal);
      this.#plainHttp = true;
      return response;
    }
  }
}

/** The other side does not speak TLS on this port, or nothing listens on 443. */
function isNoTls(error: unknown): boolean {
  const code = errnoOf(error) ?? '';
  return code === 'EPROTO' || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code.startsWith('ERR_SSL_');
}
