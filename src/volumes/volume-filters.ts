import { invalid } from '../base/errors.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './record.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;

type Predicate = (volume: VolumeRecord, isUsed: boolean) => boolean;

/** Filters of GET /volumes: dangling, driver, label, name. @throws EngineError invalid */
export function listFilter(filters: Filters): Predicate {
  const tests: Predicate[] = [];
  for (const [name, values] of Object.entries(filters)) {
    if (values.length === 0) continue;
    switch (name) {
      case 'dangling': {
        const wanted = booleanOf(values, (value) => invalid(`invalid filter 'dangling=[${value}]'`));
        tests.push((_, isUsed) => isUsed !== wanted);
        break;
      }
      case 'driver':
        tests.push(() => values.includes('local'));
        break;
      case 'label':
        tests.push(({ labels }) => values.every((value) => hasLabel(labels, value)));
        break;
      case 'name': {
        const matchers = values.map(nameMatcher);
        tests.push((volume) => matchers.some((matches) => matches(volume.name)));
        break;
      }
      default:
        throw invalid(`invalid filter '${name}'`);
    }
  }
  return (volume, isUsed) => tests.every((passes) => passes(volume, isUsed));
}

/** Filters of POST /volumes/prune: label, label!, all. Without `all` only anonymous volumes pass. @throws EngineError invalid */
export function pruneFilter(filters: Filters): Predicate {
  const { label = [], 'label!': notLabel = [], all = [], ...others } = filters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`invalid filter '${unknown}'`);
  const refuse = (value: string): Error =>
    invalid(`invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  const takesNamed = all.length > 0 && booleanOf(all, refuse);
  return ({ labels }, isUsed) =>
    !isUsed &&
    (takesNamed || labels?.[ANONYMOUS_LABEL] !== undefined) &&
    label.every((value) => hasLabel(labels, value)) &&
    !notLabel.some((value) => hasLabel(labels, value));
}

function booleanOf(values: readonly string[], refuse: (value: string) => Error): boolean {
  const [value = ''] = values;
  if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw refuse(value);
}

function hasLabel(labels: VolumeRecord['labels'], filter: string): boolean {
  const equals = filter.indexOf('=');
  const key = equals < 0 ? filter : filter.slice(0, equals);
  if (labels === null || !Object.hasOwn(labels, key)) return false;
  return equals < 0 || labels[key] === filter.slice(equals + 1);
}

/** A regular expression, as in dockerd, whose engine never backtracks: repeated groups, which could hang ours, are taken literally. */
function nameMatcher(pattern: string): (name: string) => boolean {
  if (!/\)[*+?{]/.test(pattern)) {
    try {
      const expression = new RegExp(pattern);
      return (name) => expression.test(name);
    } catch {
      // No expression: then it can only be the name.
    }
  }
  return (name) => name === pattern;
}
