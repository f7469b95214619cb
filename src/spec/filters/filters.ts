import { invalid } from '../../base/errors.ts';

/** Filters in the API's form: name to accepted values, of which there may be none. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export type Predicate<T> = (item: T) => boolean;

/**
 * A filter's rule: it makes a test from the filter's values. Without values it passes everything. @throws EngineError
 * invalid for a bad value
 */
export type FilterRule<T, Context = unknown> = (values: readonly string[], context: Context) => Predicate<T>;

export type FilterRules<T, Context = unknown> = Readonly<Record<string, FilterRule<T, Context>>>;

/**
 * Compiles a test that an item must pass for all `filters`. Only names in `rules` are valid, not inherited ones.
 * @throws EngineError invalid `invalid filter 'x'`, and the errors of the rules
 */
export function compileFilters<T, Context>(
  filters: Filters,
  rules: FilterRules<T, Context>,
  context: Context,
): Predicate<T> {
  checkFilters(filters, Object.keys(rules));
  const tests = Object.entries(filters).flatMap(([name, values]) => rules[name]?.(values, context) ?? []);
  return (item) => tests.every((passes) => passes(item));
}

/** @throws EngineError invalid `invalid filter 'x'` */
export function checkFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of Object.keys(filters)) if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`);
}

/** A rule of which one value must match. */
export function anyValue<T>(fits: (item: T, value: string) => boolean): FilterRule<T> {
  return (values) => (item) => values.length === 0 || values.some((value) => fits(item, value));
}

/**
 * Undefined when the filter is not given. @throws EngineError invalid for values other than 0, 1, false, true, or for
 * both
 */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name];
  return values === undefined ? undefined : booleanOf(name, values);
}

/** @throws EngineError invalid `invalid filter 'x=[values]'` */
export function booleanOf(name: string, values: readonly string[]): boolean {
  const isTrue = values.includes('1') || values.includes('true');
  const isFalse = values.includes('0') || values.includes('false');
  if (isTrue !== isFalse) return isTrue;
  throw invalid(values.length === 0 ? `invalid filter '${name}'` : `invalid filter '${name}=[${values.join(' ')}]'`);
}
