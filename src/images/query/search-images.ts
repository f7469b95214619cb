import { EngineError, invalid } from '../../base/errors.ts';
import type { Credentials, SearchResult } from '../../distribution/index.ts';
import type { ImagesDeps } from '../model/deps.ts';

export interface SearchOptions {
  readonly limit: number;
  /** `stars=N`, `is-official=true`, `is-automated=false`. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly credentials: Credentials;
}

/**
 * Finds images at Docker Hub, or with `host/term` at that registry.
 * @throws EngineError invalid, in dockerd's words, for a filter that there is not
 */
export async function searchImages(
  { registries }: Pick<ImagesDeps, 'registries'>,
  term: string,
  { limit, filters, credentials }: SearchOptions,
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  if (/^https?:\/\//.test(term)) {
    throw invalid(`invalid repository name: repository name (${term}) should not have a scheme`);
  }
  const matches = searchFilter(filters);
  // Docker Hub has built nothing by itself for years: no image is automated any more, as in dockerd.
  if (wanted(filters, 'is-automated') === true) return [];
  const slash = term.indexOf('/');
  const host = term.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(host) || host === 'localhost';
  const domain = isHost && host !== 'docker.io' && host !== 'index.docker.io' ? host : 'docker.io';
  const rest = isHost ? term.slice(slash + 1) : term;
  const found = await registries
    .search(domain, rest.replace(/^library\//, ''), { limit, credentials }, signal)
    .catch((error: unknown) => {
      // The CLI takes a 401 for its cue to ask for a password, which dockerd never gives it here.
      if (!(error instanceof EngineError) || error.kind !== 'unauthorized') throw error;
      throw new EngineError('forbidden', error.message, { cause: error });
    });
  return found.filter(matches).map((result) => ({ ...result, is_automated: false }));
}

const FILTERS: readonly string[] = ['stars', 'is-official', 'is-automated'];

function searchFilter(filters: SearchOptions['filters']): (result: SearchResult) => boolean {
  const unknown = Object.keys(filters).find((name) => !FILTERS.includes(name));
  if (unknown !== undefined) throw invalid(`invalid filter '${unknown}'`);
  const starsAtLeast = Math.max(0, ...(filters['stars'] ?? []).map(stars));
  const official = wanted(filters, 'is-official');
  return ({ star_count, is_official }) =>
    star_count >= starsAtLeast && (official === undefined || is_official === official);
}

function stars(value: string): number {
  if (/^[+-]?\d{1,18}$/.test(value)) return Number(value);
  throw invalid(`invalid filter 'stars=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** Of a filter that says yes or no; undefined when it is not given. */
function wanted(filters: SearchOptions['filters'], name: string): boolean | undefined {
  const values = [...new Set(filters[name] ?? [])];
  if (values.length === 0) return undefined;
  const yes = values.every((value) => value === 'true' || value === '1');
  if (!yes && !values.every((value) => value === 'false' || value === '0')) {
    throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  }
  return yes;
}
