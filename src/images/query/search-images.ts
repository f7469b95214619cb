import { EngineError, invalid } from '../../base/errors.ts';
import type { Credentials, SearchResult } from '../../distribution/index.ts';
import { booleanOf, compileFilters, type FilterRules, type Filters } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';

export interface SearchOptions {
  readonly limit: number;
  /** `stars=N`, `is-official=true`, `is-automated=false`. */
  readonly filters: Filters;
  readonly credentials: Credentials;
}

/**
 * Finds images at Docker Hub, or with `host/term` at that registry.
 * @throws EngineError invalid, in dockerd's words, for an unknown filter
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
  const matches = compileFilters(filters, RULES, undefined);
  const slash = term.indexOf('/');
  const host = term.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(host) || host === 'localhost';
  const domain = isHost && host !== 'docker.io' && host !== 'index.docker.io' ? host : 'docker.io';
  const rest = isHost ? term.slice(slash + 1) : term;
  const found = await registries
    .search(domain, rest.replace(/^library\//, ''), { limit, credentials }, signal)
    .catch((error: unknown) => {
      // At a 401 the CLI would ask for a password. dockerd never sends one here.
      if (!(error instanceof EngineError) || error.kind !== 'unauthorized') throw error;
      throw new EngineError('forbidden', error.message, { cause: error });
    });
  return found.filter(matches).map((result) => ({ ...result, is_automated: false }));
}

const RULES: FilterRules<SearchResult> = {
  stars: (values) => {
    const atLeast = Math.max(0, ...values.map(stars));
    return ({ star_count: count }) => count >= atLeast;
  },
  'is-official': (values) => {
    const wanted = booleanOf('is-official', values);
    return ({ is_official: isOfficial }) => isOfficial === wanted;
  },
  'is-automated': (values) => {
    // Docker Hub no longer builds images by itself. As in dockerd, no image is automated.
    const wanted = booleanOf('is-automated', values);
    return () => !wanted;
  },
};

function stars(value: string): number {
  if (/^[+-]?\d{1,18}$/.test(value)) return Number(value);
  throw invalid(`invalid filter 'stars=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
}
