import { parseBoundedJson } from '../base/bounded-json.ts';
import { EngineError } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import type { HostClient } from './http/host-client.ts';

/** One row of `docker search`, in the API's spelling. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

const ANSWER_BYTES_MAX = 4 << 20;

/** Searches Docker Hub, version 1. @throws RegistryError, EngineError unavailable */
export async function searchIndex(
  client: HostClient,
  term: string,
  limit: number,
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  const path = `/v1/search?q=${encodeURIComponent(term)}&n=${limit}`;
  const { bytes } = await client.read({ method: 'GET', path, scopes: [] }, ANSWER_BYTES_MAX, signal);
  let parsed: unknown;
  try {
    parsed = parseBoundedJson(bytes);
  } catch (error) {
    throw new EngineError('unavailable', `${client.host} sent a search result that is not JSON`, {
      cause: error,
    });
  }
  const results = isObject(parsed) ? parsed['results'] : undefined;
  if (!Array.isArray(results)) return [];
  return results.slice(0, limit).flatMap((entry: unknown) => {
    if (!isObject(entry)) return [];
    const { name, description, star_count, is_official, is_automated } = entry;
    if (typeof name !== 'string') return [];
    return [
      {
        name,
        description: typeof description === 'string' ? description : '',
        star_count: typeof star_count === 'number' ? star_count : 0,
        is_official: is_official === true,
        is_automated: is_automated === true,
      },
    ];
  });
}
