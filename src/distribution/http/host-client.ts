import { EngineError, errnoOf } from '../../base/errors.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import { parseChallenges } from '../auth/challenge.ts';
import { parseErrorBody, type RegistryErrorEntry } from '../error-body.ts';
import { ConnectionError, RegistryError } from '../errors.ts';
import type { RegistryEndpoint } from '../hosts/registry-hosts.ts';
import { readBytes } from './body-text.ts';
import { methodText } from './failure-text.ts';
import { followRedirects } from './redirects.ts';
import { isPassing, pause, type RetryPolicy, withRetries } from './retry.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface HostClientOptions {
  readonly endpoint: RegistryEndpoint;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly retry: RetryPolicy;
  readonly userAgent: string;
}

export interface ApiRequest extends Omit<HttpRequest, 'url' | 'headers'> {
  /** Relative to the endpoint (`/v2/library/busybox/tags/list?n=5`), or an absolute location from the host. */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
  /** Whether a failure is not retried. */
  readonly once?: boolean;
}

const ERROR_BYTES_MAX = 64 * 1024;

/**
 * Sends requests to one registry endpoint: with authorization, retries, redirects, and plain http where that is
 * allowed.
 */
export class HostClient {
  readonly #options: HostClientOptions;
  #plainHttp = false;
  /** Whether the host has responded over TLS. Plain http is never used after that. */
  #tlsWorks = false;

  constructor(options: HostClientOptions) {
    this.#options = options;
  }

  get host(): string {
    return this.#options.endpoint.url.host;
  }

  get retry(): RetryPolicy {
    return this.#options.retry;
  }

  get isMirror(): boolean {
    return this.#options.endpoint.isMirror;
  }

  /** The current URL of a path, for resolving `Location` headers. */
  url(path: string | URL): URL {
    if (path instanceof URL) return path;
    const base = this.#options.endpoint.url;
    const url = new URL(`${base.pathname.replace(/\/+$/, '')}${path}`, base);
    if (this.#plainHttp) url.protocol = 'http:';
    return url;
  }

  /** Returns any response of the registry. Rejects only when there is none. */
  async send(request: ApiRequest, signal: AbortSignal): Promise<HttpResponse> {
    const { authorizer, retry, userAgent } = this.#options;
    const { path, scopes, headers, once, ...rest } = request;
    const full: HttpRequest = { ...rest, url: this.url(path), headers: { 'user-agent': userAgent, ...headers } };
    return withRetries(full, once === true ? { ...retry, attempts: 1 } : retry, signal, (attempt) =>
      authorizer.send(attempt, scopes, (authorized) =>
        followRedirects(authorized, (hop) => this.#exchange(hop, signal)),
      ),
    );
  }

  /** As {@link send}, for responses with an expected status. @throws RegistryError for any other status */
  async expect(statuses: readonly number[], request: ApiRequest, signal: AbortSignal): Promise<HttpResponse> {
    const response = await this.send(request, signal);
    if (statuses.includes(response.status)) return response;
    throw await this.#refusal(request.method, response);
  }

  async #refusal(method: string, response: HttpResponse): Promise<RegistryError> {
    const body = (await readBytes(response.body, ERROR_BYTES_MAX).catch(() => Buffer.alloc(0))).toString();
    const entries = [...scopeErrors(response), ...parseErrorBody(response.status, body)];
    return new RegistryError(response.status, entries, `${method} ${this.host}`);
  }

  /**
   * As {@link expect}, with the whole body. Requests the body again when it is interrupted.
   * @throws EngineError tooLarge
   */
  async read(
    request: ApiRequest,
    limitBytes: number,
    signal: AbortSignal,
  ): Promise<{ readonly response: HttpResponse; readonly bytes: Buffer }> {
    const { attempts, firstDelayMs, maxDelayMs } = this.#options.retry;
    for (let attempt = 1; ; attempt++) {
      const response = await this.expect([200], request, signal);
      try {
        return { response, bytes: await readBytes(response.body, limitBytes) };
      } catch (error) {
        if (error instanceof EngineError) throw error;
        if (signal.aborted) throw new EngineError('cancelled', 'cancelled', { cause: error });
        if (!isPassing(error) || attempt >= attempts)
          throw new ConnectionError(`${methodText(request.method)} ${this.host}`, error);
      }
      await pause(Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs), signal);
    }
  }

  /** An insecure registry may use plain http. The first request without a TLS response shows it. */
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
      const response = await transport(request, tls, signal);
      if (ownHost && request.url.protocol === 'https:') this.#tlsWorks = true;
      return response;
    } catch (error) {
      if (
        !ownHost ||
        this.#tlsWorks ||
        !endpoint.mayUsePlainHttp ||
        request.url.protocol !== 'https:' ||
        !isNoTls(error)
      )
        throw error;
      const response = await transport(asPlain(), tls, signal);
      this.#plainHttp = true;
      return response;
    }
  }
}

/** An insufficient token is reported in the challenge (RFC 6750, section 3.1), as Docker Hub does. */
function scopeErrors({ status, headers }: HttpResponse): readonly RegistryErrorEntry[] {
  const bearer = parseChallenges(headers['www-authenticate'] ?? '').find(({ scheme }) => scheme === 'bearer');
  return status === 401 && bearer?.parameters.get('error') === 'insufficient_scope'
    ? [{ code: 'DENIED', message: 'requested access to the resource is denied' }]
    : [];
}

/** Whether the port does not speak TLS, or nothing listens on 443. A proxy reports that by refusing a tunnel. */
function isNoTls(error: unknown): boolean {
  const code = errnoOf(error) ?? '';
  return ['EPROTO', 'ECONNREFUSED', 'ECONNRESET', 'ERR_PROXY_TUNNEL'].includes(code) || code.startsWith('ERR_SSL_');
}
