import * as z from 'zod/mini';

const imports = z.array(
  z.object({ Type: z.string(), Attrs: z.optional(z.nullable(z.record(z.string(), z.string()))) }),
);

/** What people know the caches by that a client wants to be read: a reference, or a folder. Broken lists count as empty. */
export function askedCaches(options: ReadonlyMap<string, string>): readonly string[] {
  const older = (options.get('cache-from') ?? '').split(',').filter((ref) => ref !== '');
  return [...older, ...listed(options.get('cache-imports') ?? '')];
}

function listed(text: string): readonly string[] {
  try {
    return imports
      .parse(JSON.parse(text))
      .map(({ Type, Attrs }) => Attrs?.['ref'] ?? Attrs?.['src'] ?? Attrs?.['digest'] ?? Type);
  } catch {
    return [];
  }
}
