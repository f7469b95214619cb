import { messageOf } from '../../base/errors.ts';
import { type BuildRequest, type CacheEntry, digestInIndex, type LayoutStore } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { keyValues } from './key-values.ts';

/** Reads `--cache-to`. A name alone is an image of a registry. @throws CliError */
export function cacheExports(given: readonly string[]): readonly CacheEntry[] {
  return entries(given, '--cache-to', 'dest');
}

/**
 * Reads `--cache-from`. Of a folder the cache with the tag is used, by default `latest`, or the only one. As with buildx, a folder
 * without it is a warning. @throws CliError
 */
export function cacheImports(cli: Pick<Cli, 'warn'>, given: readonly string[]): readonly CacheEntry[] {
  return entries(given, '--cache-from', 'src').flatMap((entry) => {
    const { type, attrs } = entry;
    if (type !== 'local' || attrs['digest'] !== undefined) return [entry];
    const folder = attrs['src'] ?? '';
    try {
      const digest = digestInIndex(folder, attrs['tag'] ?? 'latest');
      if (digest !== undefined) return [{ type, attrs: { ...attrs, digest } }];
      cli.warn(`WARNING: no cache is found in ${folder}`);
    } catch (error) {
      cli.warn(`WARNING: no cache is found in ${folder}: ${messageOf(error)}`);
    }
    return [];
  });
}

/** The folders of caches, by the names under which builders ask for them. Only exports are written to. */
export function cacheStores({
  cacheImports: read,
  cacheExports: written,
}: Pick<BuildRequest, 'cacheImports' | 'cacheExports'>): Readonly<Record<string, LayoutStore>> {
  const stores = (caches: readonly CacheEntry[], key: 'src' | 'dest'): Readonly<Record<string, LayoutStore>> =>
    Object.fromEntries(
      caches.flatMap(({ type, attrs: { [key]: path = '' } }) =>
        type === 'local' ? [[`local:${path}`, { path, isWritable: key === 'dest' }]] : [],
      ),
    );
  return { ...stores(read, 'src'), ...stores(written, 'dest') };
}

function entries(given: readonly string[], flag: string, folder: 'src' | 'dest'): readonly CacheEntry[] {
  return given.map((text) => {
    const { type = '', ...attrs } = text.includes('=') ? keyValues(text, flag) : { type: 'registry', ref: text };
    if (type === '') throw new CliError(1, `type required form> ${JSON.stringify(text)}`);
    if (type === 'local' && (attrs[folder] ?? '') === '')
      throw new CliError(1, `${flag} ${text}: ${folder} is required`);
    return { type, attrs };
  });
}
