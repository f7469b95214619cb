import { invalid } from '../base/errors.ts';
import type { Credentials, SearchResult } from '../distribution/index.ts';
import type { ImagesDeps } from './deps.ts';

export interface SearchOptions {
  readonly limit: number;
  /** `stars=N`, `is-official=true`, `is-automated=false`. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly credentials: Credentials;
}

/**
 * Finds images at Docker Hub, or with `host/term` at that registry.
 * @throws EngineError invalid for a filter that there is not
 */
export async function searchImages(
  { registries }: Pick<ImagesDeps, 'registries'>,
  term: string,
  { limit, filters, credentials }: SearchOptions,
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  const matches = searchFilter(filters);
  const slash = term.indexOf('/');
  const host = term.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(host) || host === 'localhost';
  const domain = isHost && host !== 'docker.io' && host !== 'index.docker.io' ? host : 'docker.io';
  const rest = isHost ? term.slice(slash + 1) : term;
  const found = await registries.search(domain, rest.replace(/^library\//, ''), { limit, credentials }, signal);
  return found.filter(matches);
}

function searchFilter(filters: SearchOptions['filters']): (result: SearchResult) => boolean {
  const tests: ((result: SearchResult) => boolean)[] = [];
  for (const [name, values] of Object.entries(filters)) {
    for (const value of values) tests.push(filterTest(name, value));
  }
  return (result) => tests.every((test) => test(result));
}

function filterTest(name: string, value: string): (result: SearchResult) => boolean {
  if (name === 'stars') {
    if (!/^\d{1,9}$/.test(value)) throw invalid(`invalid filter 'stars=${value}'`);
    return ({ star_count }) => star_count >= Number(value);
  }
  const wanted = /^(?:true|1)$/i.test(value);
  if (name !== 'is-official' && name !== 'is-automated') throw invalid(`invalid filter '${name}'`);
  if (!wanted && !/^(?:false|0)$/i.test(value)) throw invalid(`invalid filter '${name}=${value}'`);
  return (result) => (name === 'is-official' ? result.is_official : result.is_automated) === wanted;
}
