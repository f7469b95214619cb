import { invalid } from '../base/errors.ts';
import { untilFilter } from '../base/moment.ts';
import type { NetworkRecord } from './network-record.ts';

type Filters = Readonly<Record<string, readonly string[]>>;
type Test = (record: NetworkRecord, value: string) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  driver: (record, value) => record.driver === value,
  id: (record, value) => record.id === value || matches(record.id, value),
  name: (record, value) => record.name === value || matches(record.name, value),
  scope: (_record, value) => value === 'local',
  type: (record, value) => {
    if (value !== 'builtin' && value !== 'custom') throw invalid(`invalid filter: 'type'='${value}'`);
    return record.builtIn === (value === 'builtin');
  },
  label: (record, value) => {
    const equals = value.indexOf('=');
    const label = record.labels[equals === -1 ? value : value.slice(0, equals)];
    return label !== undefined && (equals === -1 || label === value.slice(equals + 1));
  },
};

/**
 * Docker's filters of networks: one value of each filter must match; of labels all. `inUse` answers for `dangling`.
 * @throws EngineError invalid `invalid filter 'x'`
 */
export function filterNetworks(
  records: readonly NetworkRecord[],
  filters: Filters,
  inUse: (record: NetworkRecord) => boolean,
): readonly NetworkRecord[] {
  const checks = Object.entries(filters).map(([name, values]): ((record: NetworkRecord) => boolean) => {
    if (name === 'dangling') {
      const wanted = danglingValue(values);
      return (record) => (!record.builtIn && !inUse(record)) === wanted;
    }
    const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
    if (test === undefined) throw invalid(`invalid filter '${name}'`);
    if (name === 'label') return (record) => values.every((value) => test(record, value));
    return (record) => values.length === 0 || values.some((value) => test(record, value));
  });
  return records.filter((record) => checks.every((check) => check(record)));
}

/**
 * Docker's filters of networks to prune: `until`, `label`, `label!`.
 * @throws EngineError invalid `invalid filter 'x'`, or for what `until` says
 */
export function checkPruneFilters(filters: Filters): void {
  const unknown = Object.keys(filters).find((name) => !['until', 'label', 'label!'].includes(name));
  if (unknown !== undefined) throw invalid(`invalid filter '${unknown}'`);
  untilFilter(filters, BigInt(Date.now()) * 1_000_000n);
}

function danglingValue(values: readonly string[]): boolean {
  const value = (values[0] ?? '').toLowerCase();
  if (values.length === 1 && ['1', 'true', 't'].includes(value)) return true;
  if (values.length === 1 && ['0', 'false', 'f'].includes(value)) return false;
  throw invalid(`invalid filter 'dangling=[${values.join(' ')}]'`);
}

/** A pattern as Docker takes it: a regular expression, or plain text. Patterns of clients are short; longer ones match nothing. */
function matches(text: string, pattern: string): boolean {
  if (text.includes(pattern)) return true;
  if (pattern.length > 100 || !/[\^$.*[]/.test(pattern) || /[*+?{].*[*+?{]/.test(pattern)) return false;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
