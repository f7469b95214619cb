/** Value of a query's `filters`: `{"label":{"a=b":true}}`. Undefined when there are none. */
export function encodeFilters(given: readonly string[]): string | undefined {
  if (given.length === 0) return undefined;
  const filters: Record<string, Record<string, true>> = {};
  for (const each of given) {
    const equals = each.indexOf('=');
    const key = each.slice(0, equals).trim().toLowerCase();
    filters[key] = { ...filters[key], [each.slice(equals + 1).trim()]: true };
  }
  return JSON.stringify(filters);
}
