/** Filters of lists, prunes and events: for each key one of the values must match. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** Encodes the `filters` parameter: `{"label":{"a=b":true}}`. Undefined when there are none. */
export function encodeFilters(filters: Filters = {}): string | undefined {
  const entries = Object.entries(filters);
  if (entries.length === 0) return undefined;
  const values = (list: readonly string[]): object => Object.fromEntries(list.map((value) => [value, true]));
  return JSON.stringify(Object.fromEntries(entries.map(([key, list]) => [key, values(list)])));
}
