import { EngineError } from '../../base/errors.ts';
import { discard } from '../http/body-text.ts';
import { methodText } from '../http/failure-text.ts';
import type { HttpRequest, HttpResponse } from '../http/transport.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type Credentials } from './credentials.ts';
import { fetchToken, type Token } from './token-source.ts';

export interface AuthorizerOptions {
  readonly credentials: Credentials;
  readonly allowPlainHttp: boolean;
  /** Sends a request to the token server, with retries and without authorization. */
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
}

/** A token is renewed this long before it expires, to allow for different clocks and the time of a request. */
const MARGIN_MILLISECONDS = 5_000;

/**
 * Adds the right `Authorization` to requests to one host. It learns from the first challenge whether the host wants
 * Basic or Bearer, keeps one token per scope, and renews it. A request is tried at most twice, so that a host which
 * always responds with 401 causes no loop.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** @throws EngineError unauthorized when the host refuses the credentials */
  async send(
    request: HttpRequest,
    scopes: readonly string[],
    send: (request: HttpRequest) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const first = await send(await this.#authorized(request, scopes));
    if (first.status !== 401) return first;
    const challenge = choose(parseChallenges(first.headers['www-authenticate'] ?? ''));
    // A stream that is partly sent cannot be sent again.
    const replayable = request.body === undefined || request.body instanceof Uint8Array;
    if (challenge === undefined || !replayable) return first;
    await discard(first.body);
    this.#challenge = challenge;
    this.#tokens.delete(key(scopes));
    if (challenge.scheme === 'basic' && this.#options.credentials.kind !== 'password') {
      // In dockerd's words, which people and scripts know.
      const asked = `${methodText(request.method)} "${request.url.origin}${request.url.pathname}"`;
      throw new EngineError('unauthorized', `${asked}: no basic auth credentials`);
    }
    return send(await this.#authorized(request, scopes));
  }

  /**
   * Returns the refresh token of a login with these credentials, where the server supports such tokens. Call it after a
   * request.
   */
  async offlineToken(): Promise<{ readonly refreshToken?: string }> {
    const challenge = this.#challenge;
    if (challenge?.scheme !== 'bearer' || this.#options.credentials.kind !== 'password') return {};
    const token = await this.#fetch(challenge, [], true);
    return token.refreshToken === undefined ? {} : { refreshToken: token.refreshToken };
  }

  async #authorized(request: HttpRequest, scopes: readonly string[]): Promise<HttpRequest> {
    const authorization = await this.#authorization(scopes);
    if (authorization === undefined) return request;
    return { ...request, headers: { ...request.headers, authorization } };
  }

  async #authorization(scopes: readonly string[]): Promise<string | undefined> {
    const { credentials } = this.#options;
    if (credentials.kind === 'registryToken') return `Bearer ${credentials.token}`;
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    if (challenge.scheme === 'basic') {
      return credentials.kind === 'password'
        ? basicAuthorization(credentials.username, credentials.password)
        : undefined;
    }
    return `Bearer ${(await this.#token(challenge, scopes)).value}`;
  }

  /** Concurrent requests of one scope share one token request. */
  async #token(challenge: Challenge, scopes: readonly string[]): Promise<Token> {
    const slot = key(scopes);
    const held = this.#tokens.get(slot);
    if (held !== undefined) {
      const token = await held;
      if (token.expiresAt - MARGIN_MILLISECONDS > Date.now()) return token;
      if (this.#tokens.get(slot) === held) this.#tokens.delete(slot);
      return this.#token(challenge, scopes);
    }
    const fetched = this.#fetch(challenge, scopes, false);
    this.#tokens.set(slot, fetched);
    fetched.catch(() => this.#tokens.delete(slot));
    const token = await fetched;
    // A token whose lifetime is shorter than the margin is still used once.
    return token;
  }

  #fetch(challenge: Challenge, scopes: readonly string[], offlineToken: boolean): Promise<Token> {
    const { credentials, allowPlainHttp, send } = this.#options;
    const own = challenge.parameters.get('scope')?.split(' ') ?? [];
    return fetchToken(
      {
        realm: challenge.parameters.get('realm') ?? '',
        service: challenge.parameters.get('service'),
        scopes: [...new Set([...scopes, ...(offlineToken ? [] : own)])].filter((scope) => scope !== ''),
        credentials,
        offlineToken,
        allowPlainHttp,
      },
      send,
    );
  }
}

function choose(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
}

function key(scopes: readonly string[]): string {
  return [...scopes].sort().join(' ');
}
