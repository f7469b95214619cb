import { RegistryError } from '../errors.ts';

export interface Page {
  readonly items: readonly string[];
  /** The `Link` header for the next page, when there is one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns a page of a sorted list by `n` and `last` (distribution spec, Listing Tags): the elements after `last`, which
 * need not be in the list. @throws RegistryError PAGINATION_NUMBER_INVALID
 */
export function page(sorted: readonly string[], query: URLSearchParams, path: string, limits: { max: number }): Page {
  const asked = query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) {
    throw new RegistryError('PAGINATION_NUMBER_INVALID', `invalid number of results requested: ${asked.slice(0, 40)}`);
  }
  const count = Math.min(asked === null ? limits.max : Number(asked), limits.max);
  const last = query.get('last') ?? '';
  const from = last === '' ? 0 : firstAfter(sorted, last);
  const items = sorted.slice(from, from + count);
  const end = items.at(-1);
  if (end === undefined || from + count >= sorted.length) return { items, headers: {} };
  const next = new URLSearchParams({ n: String(count), last: end });
  return { items, headers: { Link: `<${path}?${next}>; rel="next"` } };
}

function firstAfter(sorted: readonly string[], last: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
