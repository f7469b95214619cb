import { invalid } from '../../base/errors.ts';
import { parseNanos } from '../../base/time.ts';
import {
  anyValue,
  compileFilters,
  type FilterRules,
  type Filters,
  labelRule,
  notLabelRule,
  type Predicate,
  type TextTest,
  textPatterns,
  untilFilter,
} from '../../spec/index.ts';
import type { NetworkRecord } from '../model/network-record.ts';

interface FilterContext {
  readonly hasName: TextTest;
  readonly hasId: TextTest;
  readonly inUse: (record: NetworkRecord) => boolean;
}

const RULES: FilterRules<NetworkRecord, FilterContext> = {
  dangling: (values, { inUse }) => {
    const wanted = danglingValue(values);
    return (record) => wanted === undefined || (!record.builtIn && !inUse(record)) === wanted;
  },
  driver: anyValue((record, value) => record.driver === value),
  id:
    (_values, { hasId }) =>
    (record) =>
      hasId(record.id),
  label: labelRule((record) => record.labels),
  name:
    (_values, { hasName }) =>
    (record) =>
      hasName(record.name),
  scope: anyValue((record, value) => record.scope === value),
  type: (values) => {
    for (const value of values)
      if (value !== 'builtin' && value !== 'custom') throw invalid(`invalid filter: 'type'='${value}'`);
    return (record) => values.length === 0 || values.includes(record.builtIn ? 'builtin' : 'custom');
  },
};

/**
 * Compiles Docker's filters of networks. One value of each filter must match, but all labels. `inUse` returns
 * whether a network has containers, for `dangling`.
 * @throws EngineError invalid `invalid filter 'x'`
 */
export async function networkFilter(
  filters: Filters,
  inUse: (record: NetworkRecord) => boolean,
): Promise<Predicate<NetworkRecord>> {
  const [hasName, hasId] = await Promise.all([textPatterns(filters['name']), textPatterns(filters['id'])]);
  return compileFilters(filters, RULES, { hasName, hasId, inUse });
}

const PRUNE: FilterRules<NetworkRecord> = {
  // `pruneFilter` compares it.
  until: () => () => true,
  label: labelRule((record) => record.labels),
  'label!': notLabelRule((record) => record.labels),
};

/**
 * Compiles Docker's filters of networks to prune: `until`, `label`, `label!`.
 * @throws EngineError invalid `invalid filter 'x'`, or for the value of `until`
 */
export function pruneFilter(filters: Filters): Predicate<NetworkRecord> {
  const passes = compileFilters(filters, PRUNE, undefined);
  const until = untilFilter(filters, BigInt(Date.now()) * 1_000_000n);
  return (record) => passes(record) && (until === undefined || (parseNanos(record.created) ?? 0n) < until);
}

function danglingValue(values: readonly string[]): boolean | undefined {
  const [value, ...more] = values;
  if (value === undefined) return undefined;
  if (more.length > 0) throw invalid('got more than one value for filter key "dangling"');
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw invalid('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")');
}
