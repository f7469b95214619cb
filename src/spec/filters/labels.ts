import type { FilterRule } from './filters.ts';

type Labels = Readonly<Record<string, string>> | null | undefined;

/** The rule `label`: all of `key` and `key=value` must match. */
export function labelRule<T>(labelsOf: (item: T) => Labels): FilterRule<T> {
  return (values) => {
    const wanted = values.map(labelTest);
    return (item) => wanted.every((holds) => holds(labelsOf(item)));
  };
}

/** The rule `label!`: none of them may match. */
export function notLabelRule<T>(labelsOf: (item: T) => Labels): FilterRule<T> {
  return (values) => {
    const unwanted = values.map(labelTest);
    return (item) => !unwanted.some((holds) => holds(labelsOf(item)));
  };
}

/** Only own keys count: `constructor` is a label only where a user has set it. */
function labelTest(filter: string): (labels: Labels) => boolean {
  const equals = filter.indexOf('=');
  const [key, value] = equals === -1 ? [filter] : [filter.slice(0, equals), filter.slice(equals + 1)];
  return (labels) =>
    labels != null && Object.hasOwn(labels, key ?? '') && (value === undefined || labels[key ?? ''] === value);
}
