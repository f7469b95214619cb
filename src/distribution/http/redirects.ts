import { EngineError } from '../../base/errors.ts';
import { discard } from './body-text.ts';
import type { HttpRequest, HttpResponse } from './transport.ts';

const REDIRECTS_MAX = 10;
const REDIRECT_STATUS = new Set([301, 302, 303, 307, 308]);

/**
 * Follows redirects of reads, which registries use for blobs in object stores. Credentials go only to the first host,
 * and never from https to http.
 * @throws EngineError unavailable for loops, other schemes and missing locations
 */
export async function followRedirects(
  request: HttpRequest,
  send: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  let current = request;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    const response = await send(current);
    if (!REDIRECT_STATUS.has(response.status) || !(request.method === 'GET' || request.method === 'HEAD'))
      return response;
    await discard(response.body);
    current = { ...current, url: target(response.url, response.headers['location']), headers: current.headers };
    if (current.url.origin !== response.url.origin)
      current = { ...current, headers: withoutCredentials(current.headers) };
  }
  throw new EngineError('unavailable', `${request.url.host} redirects without end`);
}

function target(from: URL, location: string | undefined): URL {
  const to = location === undefined || !URL.canParse(location, from.href) ? undefined : new URL(location, from);
  if (to === undefined || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw new EngineError('unavailable', `${from.host} redirects to nowhere`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new EngineError('unavailable', `${from.host} redirects from https to http: refused`);
  }
  return to;
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}
