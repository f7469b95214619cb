import { goText } from '../../model/go-text.ts';
import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, type Mapping, typeName, type Value } from '../../model/value.ts';
import { parseVolume } from '../canonical/parse-volume.ts';
import { Rules } from '../rules.ts';

/** What makes an item of a list the same as another. */
type KeyOf = (item: Value, path: readonly string[]) => string;

const pairKey: KeyOf = (item, path) => {
  if (typeof item !== 'string') throw new ModelError(path, `must be a string, not a ${typeName(item)}`);
  return item.split('=')[0] ?? item;
};

const exposeKey: KeyOf = (item, path) => {
  if (typeof item === 'string' || typeof item === 'bigint') return String(item);
  throw new ModelError(path, `must be a port, not a ${typeName(item)}`);
};

const volumeKey: KeyOf = (item, path) => {
  if (isMapping(item)) return targetOf(item, path);
  return typeof item === 'string' ? (parseVolume(item, path).get('target') as string) : '';
};

const deviceKey: KeyOf = (item, path) => {
  if (isMapping(item)) return targetOf(item, path);
  const parts = typeof item === 'string' ? item.split(':') : [];
  return parts[1] ?? parts[0] ?? '';
};

function targetOf(item: Mapping, path: readonly string[]): string {
  const target = item.get('target');
  if (typeof target !== 'string') throw new ModelError(path, 'target is missing');
  return target;
}

const mountKey =
  (folder: string): KeyOf =>
  (item, path) => {
    if (typeof item === 'string') return `${folder}/${item}`;
    if (!isMapping(item)) throw new ModelError(path, `must be a string or a mapping, not a ${typeName(item)}`);
    const target = item.get('target');
    return target === undefined ? `${folder}/${goText(item.get('source') ?? null)}` : goText(target);
  };

const portKey: KeyOf = (item, path) => {
  if (!isMapping(item)) return goText(item);
  const target = item.get('target');
  if (target === undefined) throw new ModelError(path, 'target is missing');
  const part = (key: string, missing: string): string => goText(item.get(key) ?? missing);
  return `${part('host_ip', '0.0.0.0')}:${part('published', '')}:${goText(target)}/${part('protocol', 'tcp')}`;
};

const envFileKey: KeyOf = (item, path) => {
  if (!isMapping(item)) return goText(item);
  const file = item.get('path');
  if (file === undefined) throw new ModelError(path, 'path is missing');
  return goText(file);
};

const PAIRS = [
  'networks.*.labels',
  'networks.*.ipam.options',
  ...['annotations', 'build.args', 'build.additional_contexts', 'build.tags', 'build.labels'].map(inService),
  ...['cap_add', 'cap_drop', 'deploy.labels', 'dns', 'dns_opt', 'dns_search', 'environment', 'labels'].map(inService),
  ...['links', 'networks.*.aliases', 'networks.*.link_local_ips', 'profiles', 'sysctls', 'tmpfs'].map(inService),
];

function inService(path: string): string {
  return `services.*.${path}`;
}

const RULES: Rules<KeyOf> = Rules.of<KeyOf>({
  ...Object.fromEntries(PAIRS.map((path) => [path, pairKey])),
  'services.*.configs': mountKey(''),
  'services.*.env_file': envFileKey,
  'services.*.expose': exposeKey,
  'services.*.ports': portKey,
  'services.*.secrets': mountKey('/run/secrets'),
  'services.*.volumes': volumeKey,
  'services.*.devices': deviceKey,
});

/** Removes items of lists that later items replace: the later one takes the place of the earlier. @throws ModelError */
export function withoutReplaced(project: Mapping): Mapping {
  return walk(project, { path: [], rules: RULES }) as Mapping;
}

function walk(value: Value, { path, rules }: { path: readonly string[]; rules: Rules<KeyOf> }): Value {
  if (isMapping(value) && !rules.isDone)
    return new Map(
      [...value].map(([key, entry]) => [key, walk(entry, { path: [...path, key], rules: rules.under(key) })]),
    );
  const keyOf = rules.rule;
  if (!isList(value) || keyOf === undefined) return value;
  const items = new Map<string, Value>();
  for (const [index, item] of value.entries()) items.set(keyOf(item, [...path, String(index)]), item);
  return [...items.values()];
}
