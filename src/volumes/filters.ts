import { invalid } from '../base/errors.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './record.ts';

type Filters = Readonly<Record<string, readonly string[]>>;

const LIST_FILTERS = new Set(['dangling', 'driver', 'label', 'name']);
const PRUNE_FILTERS = new Set(['all', 'label', 'label!']);

/** `docker volume ls --filter`. @throws EngineError invalid */
export function listFilter(filters: Filters, isUsed: (name: string) => boolean): (volume: VolumeRecord) => boolean {
  check(filters, LIST_FILTERS);
  const dangling = flag('dangling', filters['dangling']);
  const { driver = [], label = [], name = [] } = filters;
  return (volume) =>
    (dangling === undefined || dangling === !isUsed(volume.name)) &&
    (driver.length === 0 || driver.includes('local')) &&
    (name.length === 0 || name.some((part) => volume.name.includes(part))) &&
    label.every((wanted) => hasLabel(volume, wanted));
}

/** `docker volume prune`: only anonymous volumes unless `all`. @throws EngineError invalid */
export function pruneFilter(filters: Filters): (volume: VolumeRecord) => boolean {
  check(filters, PRUNE_FILTERS);
  const all = flag('all', filters['all']) === true;
  const { label = [], 'label!': without = [] } = filters;
  return (volume) =>
    (all || volume.labels?.[ANONYMOUS_LABEL] !== undefined) &&
    label.every((wanted) => hasLabel(volume, wanted)) &&
    !without.some((unwanted) => hasLabel(volume, unwanted));
}

function check(filters: Filters, known: ReadonlySet<string>): void {
  for (const name of Object.keys(filters)) if (!known.has(name)) throw invalid(`invalid filter '${name}'`);
}

function flag(name: string, values: readonly string[] = []): boolean | undefined {
  const [value] = values;
  if (value === undefined) return undefined;
  if (['1', 'true', 'True', 't', 'T', 'TRUE'].includes(value)) return true;
  if (['0', 'false', 'False', 'f', 'F', 'FALSE'].includes(value)) return false;
  throw invalid(`invalid filter '${name}=${value}'`);
}

function hasLabel(volume: VolumeRecord, wanted: string): boolean {
  const at = wanted.indexOf('=');
  const key = at < 0 ? wanted : wanted.slice(0, at);
  const value = volume.labels?.[key];
  return value !== undefined && (at < 0 || value === wanted.slice(at + 1));
}
