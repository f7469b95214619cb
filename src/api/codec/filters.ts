import { invalid } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import type { Filters } from '../../spec/index.ts';

/**
 * Parses filters in both of the API's forms: `{"label":["a","b"]}` and the older `{"label":{"a":true,"b":true}}`.
 * @throws EngineError invalid
 */
export function parseFilters(text: string): Filters {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid('invalid filter', error);
  }
  if (value === null) return {};
  if (!isObject(value)) throw invalid('invalid filter');
  return Object.fromEntries(Object.entries(value).map(([name, values]) => [name, accepted(values)]));
}

function accepted(values: unknown): readonly string[] {
  if (values === null) return [];
  if (Array.isArray(values) && values.every((item) => typeof item === 'string')) return values;
  if (!isObject(values)) throw invalid('invalid filter');
  const entries = Object.entries(values);
  if (!entries.every(([, wanted]) => typeof wanted === 'boolean')) throw invalid('invalid filter');
  return entries.map(([name]) => name);
}
