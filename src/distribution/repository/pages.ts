import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import type { HostClient } from '../http/host-client.ts';

const PAGE_BYTES_MAX = 8 << 20;
const PAGES_MAX = 10_000;

/** Collects a paged list of texts (`tags`, `_catalog`). */
export async function readPages(
  client: HostClient,
  list: { readonly path: string; readonly field: string; readonly scopes: readonly string[]; readonly limit?: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const body of pages(client, list, signal)) {
    const entries = isObject(body) ? body[list.field] : undefined;
    if (Array.isArray(entries)) found.push(...entries.filter((entry): entry is string => typeof entry === 'string'));
    if (list.limit !== undefined && found.length >= list.limit) break;
  }
  return found;
}

/**
 * Yields the documents of a paged list, by its `Link` headers (RFC 8288). @throws EngineError unavailable for an
 * endless list
 */
export async function* pages(
  client: HostClient,
  list: { readonly path: string; readonly scopes: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const seen = new Set<string>();
  let path: string | URL = list.path;
  for (let page = 0; page < PAGES_MAX; page++) {
    const url = client.url(path);
    if (seen.has(url.href)) throw new EngineError('unavailable', `${client.host} pages in circles`);
    seen.add(url.href);
    const request = { method: 'GET', path, scopes: list.scopes } as const;
    const { response, bytes } = await client.read(request, PAGE_BYTES_MAX, signal);
    yield parse(bytes, client.host);
    const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers['link'] ?? '')?.[1];
    if (next === undefined) return;
    path = new URL(next, response.url);
    if (path.host !== url.host)
      throw new EngineError('unavailable', `${client.host} continues its list on another host`);
  }
}

function parse(bytes: Buffer, host: string): unknown {
  try {
    return parseBoundedJson(bytes);
  } catch (error) {
    throw new EngineError('unavailable', `${host} sent a list that is not JSON`, { cause: error });
  }
}
