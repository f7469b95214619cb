import { invalid } from '../../base/errors.ts';

/** Filters as the API carries them: name to accepted values. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** @throws EngineError invalid `invalid filter 'x'` */
export function checkFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of Object.keys(filters)) if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`);
}

/** Undefined when the filter is not given. @throws EngineError invalid */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name];
  if (values === undefined || values.length === 0) return undefined;
  const read = values.map((value) => {
    if (/^(?:1|t|T|true|True|TRUE)$/.test(value)) return true;
    if (/^(?:0|f|F|false|False|FALSE)$/.test(value)) return false;
    throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  });
  if (new Set(read).size > 1) throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  return read[0];
}

/** All of `key` and `key=value` must hold. */
export function labelsMatch(wanted: readonly string[] | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (wanted ?? []).every((filter) => {
    const equals = filter.indexOf('=');
    const key = equals < 0 ? filter : filter.slice(0, equals);
    return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === filter.slice(equals + 1));
  });
}

/** None of them may hold. */
export function labelsExcluded(
  unwanted: readonly string[] | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (unwanted ?? []).every((filter) => !labelsMatch([filter], labels));
}
