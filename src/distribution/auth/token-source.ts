import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, messageOf } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { parseErrorBody } from '../error-body.ts';
import { RegistryError } from '../errors.ts';
import { readBytes } from '../http/body-text.ts';
import { isPassing } from '../http/retry.ts';
import type { HttpRequest, HttpResponse } from '../http/transport.ts';
import { basicAuthorization, type Credentials } from './credentials.ts';

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Returned with `offlineToken`: the next login uses it instead of the password. */
  readonly refreshToken?: string;
}

export interface TokenRequest {
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials;
  /** Whether to request a refresh token too (a login). */
  readonly offlineToken: boolean;
  /** Whether credentials may be sent over plain http: only when the registry itself is reached so. */
  readonly allowPlainHttp: boolean;
}

const CLIENT_ID = 'gantry';
const ANSWER_BYTES_MAX = 1 << 20;
/** The default of the token specification. */
const DEFAULT_LIFETIME_SECONDS = 60;
const LIFETIME_SECONDS_MAX = 3600;

/**
 * Requests a bearer token from the server that a challenge names. Source: distribution's token authentication
 * specification (GET) and its OAuth 2 variant (POST, for refresh tokens).
 * @throws EngineError unauthorized when the server refuses, unavailable when its response is malformed
 */
export async function fetchToken(
  request: TokenRequest,
  send: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<Token> {
  const url = URL.canParse(request.realm) ? new URL(request.realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new EngineError('unavailable', 'the registry names no usable token server');
  }
  if (url.protocol === 'http:' && request.credentials.kind !== 'anonymous' && !request.allowPlainHttp) {
    throw new EngineError('unauthorized', `refused to send credentials to ${url.host} over plain http`);
  }
  try {
    const response = await send(toHttp(request, url));
    const body = (await readBytes(response.body, ANSWER_BYTES_MAX)).toString();
    if (response.status !== 200) throw tokenRefusal(response.status, body, url.host);
    return parseToken(body, url.host);
  } catch (error) {
    // The request was retried already: the request that needs the token must not retry again.
    throw isPassing(error) ? new EngineError('unavailable', messageOf(error), { cause: error }) : error;
  }
}

/**
 * A refusal in the server's own words. Its status has the meaning of a registry's status only where it concerns the
 * credentials.
 */
function tokenRefusal(status: number, body: string, host: string): EngineError {
  const refusal = new RegistryError(status, parseErrorBody(status, body), `token server ${host}`);
  return status === 401 || status === 403 ? refusal : new EngineError('unavailable', refusal.message);
}

function toHttp({ service, scopes, credentials, offlineToken }: TokenRequest, url: URL): HttpRequest {
  if (credentials.kind === 'identityToken') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.token,
      client_id: CLIENT_ID,
    });
    if (service !== undefined) form.set('service', service);
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    const body = Buffer.from(form.toString());
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
    return { method: 'POST', url, headers, body };
  }
  const asked = new URL(url);
  if (service !== undefined) asked.searchParams.set('service', service);
  for (const scope of scopes) asked.searchParams.append('scope', scope);
  if (credentials.kind !== 'password') return { method: 'GET', url: asked, headers: {} };
  asked.searchParams.set('account', credentials.username);
  asked.searchParams.set('client_id', CLIENT_ID);
  if (offlineToken) asked.searchParams.set('offline_token', 'true');
  const authorization = basicAuthorization(credentials.username, credentials.password);
  return { method: 'GET', url: asked, headers: { authorization } };
}

function parseToken(body: string, host: string): Token {
  let parsed: unknown;
  try {
    parsed = parseBoundedJson(Buffer.from(body));
  } catch {
    parsed = undefined;
  }
  const answer = isObject(parsed) ? parsed : {};
  const value = answer['token'] ?? answer['access_token'];
  if (typeof value !== 'string' || value === '' || !/^[\x21-\x7e]+$/.test(value)) {
    throw new EngineError('unavailable', `token server ${host} gave no token`);
  }
  const said = answer['expires_in'];
  const seconds =
    typeof said === 'number' && said > 0 ? Math.min(said, LIFETIME_SECONDS_MAX) : DEFAULT_LIFETIME_SECONDS;
  const refresh = answer['refresh_token'];
  return {
    value,
    expiresAt: Date.now() + seconds * 1000,
    ...(typeof refresh === 'string' && refresh !== '' ? { refreshToken: refresh } : {}),
  };
}
