import type { Filters } from '../client/index.ts';

/** Parses values of `--filter`, such as `label=a=b`. */
export function parseFilters(given: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  for (const each of given) {
    const equals = each.indexOf('=');
    const key = each.slice(0, equals).trim().toLowerCase();
    filters.set(key, [...(filters.get(key) ?? []), each.slice(equals + 1).trim()]);
  }
  return Object.fromEntries(filters);
}
