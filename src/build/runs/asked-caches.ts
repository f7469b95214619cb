import * as z from 'zod/mini';
import type { AskedCache } from '../remote-cache/index.ts';

const imports = z.array(
  z.object({ Type: z.string(), Attrs: z.optional(z.nullable(z.record(z.string(), z.string()))) }),
);

/** The caches that a client wants to be read. Broken lists count as empty. */
export function askedCaches(options: ReadonlyMap<string, string>): readonly AskedCache[] {
  const older = (options.get('cache-from') ?? '').split(',').filter((ref) => ref !== '');
  const refs = older.map((ref): AskedCache => ({ type: 'registry', attrs: new Map([['ref', ref]]) }));
  return [...refs, ...listed(options.get('cache-imports') ?? '')];
}

/** What people know a cache by: a reference, or a folder. */
export function cacheName({ type, attrs }: AskedCache): string {
  return attrs.get('ref') ?? (type === 'local' ? `local:${attrs.get('src') ?? ''}` : type);
}

function listed(text: string): readonly AskedCache[] {
  try {
    return imports
      .parse(JSON.parse(text))
      .map(({ Type: type, Attrs }) => ({ type, attrs: new Map(Object.entries(Attrs ?? {})) }));
  } catch {
    return [];
  }
}
