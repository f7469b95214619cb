import { posix } from 'node:path';
import { goText } from '../../model/go-text.ts';
import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, type Mapping, typeName, type Value } from '../../model/value.ts';
import { Rules } from '../rules.ts';
import { parsePort } from './parse-port.ts';
import { parseVolume } from './parse-volume.ts';

/** Converts a value to its long form. */
type Transform = (value: Value, at: At) => Value;

interface At {
  readonly path: readonly string[];
  readonly rules: Rules<Transform>;
  /** Whether a short form that cannot be read stays as it is, since its variables are not replaced. */
  readonly isLenient: boolean;
  readonly warn: (text: string) => void;
}

function refuse(value: Value, path: readonly string[], allowed: string): never {
  throw new ModelError(path, `must be ${allowed}, not a ${typeName(value)}`);
}

const entry = (key: string, value: Value): Mapping => new Map([[key, value]]);
const listed: Transform = (value) => (typeof value === 'string' ? [value] : value);
const servers: Transform = (value) => {
  const items = typeof value === 'string' ? [value] : value;
  return isList(items) ? items.filter((item) => item !== null && item !== '') : items;
};
const asText: Transform = (value) => goText(value);
const named: Transform = (value) => (typeof value === 'string' ? entry('source', value) : value);
const keyed: Transform = (value) =>
  isList(value) ? new Map(value.map((name) => [goText(name), null] as const)) : value;

const build: Transform = (value, at) =>
  typeof value === 'string'
    ? entry('context', value)
    : isMapping(value)
      ? below(value, at)
      : refuse(value, at.path, 'a path or a mapping');

const pairs: Transform = (value, { path, isLenient }) => {
  if (!isList(value)) return value;
  const found = new Map<string, Value>();
  for (const item of value) {
    const text = goText(item);
    const at = text.indexOf('=');
    if (at < 0 && isLenient) return value;
    if (at < 0) throw new ModelError(path, `invalid value ${text}, expected key=value`);
    found.set(text.slice(0, at), text.slice(at + 1));
  }
  return found;
};

const STARTED = { condition: 'service_started', required: true } as const;

const dependencies: Transform = (value, { path }) => {
  const defaults: Mapping = new Map<string, Value>(Object.entries(STARTED));
  if (isList(value)) return new Map(value.map((name) => [goText(name), defaults] as const));
  if (!isMapping(value)) return refuse(value, path, 'a list or a mapping');
  return new Map(
    [...value].map(([name, item]) => {
      if (!isMapping(item)) return refuse(item, [...path, name], 'a mapping');
      const missing = [...defaults].filter(([key]) => !item.has(key));
      return [name, new Map([...item, ...missing])] as const;
    }),
  );
};

const envFiles: Transform = (value) => {
  const items = isList(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === 'string')
      return new Map<string, Value>([
        ['path', item],
        ['required', true],
      ]);
    return isMapping(item) && !item.has('required') ? new Map<string, Value>([...item, ['required', true]]) : item;
  });
};

const gpus: Transform = (value, at) => (typeof value === 'string' ? [entry('count', 'all')] : below(value, at));

const device: Transform = (value, { path, isLenient }) => {
  if (typeof value !== 'string') return value;
  const parts = value.split(':');
  if (parts.length > 3 && !isLenient)
    throw new ModelError(path, `confusing device mapping, please use long syntax: ${value}`);
  const [source = '', target = '', permissions = 'rwm'] = parts.length > 3 ? [] : parts;
  return new Map([
    ['source', source],
    ['target', target || source],
    ['permissions', permissions],
  ]);
};

const volume: Transform = (value, { path, isLenient }) => {
  if (typeof value !== 'string') return value;
  try {
    const parsed = new Map(parseVolume(value, path));
    const target = parsed.get('target');
    // Without a trailing slash, as Go's path.Clean.
    if (typeof target === 'string') parsed.set('target', cleanPath(target));
    return parsed;
  } catch (error) {
    if (isLenient && error instanceof ModelError) return value;
    throw error;
  }
};

/** Go's `path.Clean`: no `.`, no double or trailing slashes. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

const ports: Transform = (value, { path, isLenient }) => {
  if (!isList(value)) return refuse(value, path, 'a list');
  try {
    return value.flatMap((item, index): readonly Value[] => {
      if (isMapping(item)) return [item];
      if (typeof item !== 'string' && typeof item !== 'bigint') return refuse(item, [...path, String(index)], 'a port');
      return parsePort(String(item), [...path, String(index)]);
    });
  } catch (error) {
    if (isLenient && error instanceof ModelError) return value;
    throw error;
  }
};

const ssh: Transform = (value, { path }) => {
  if (!isList(value)) return value;
  return new Map(
    value.map((item): readonly [string, Value] => {
      const text = goText(item);
      const at = text.indexOf('=');
      if (at < 0 && text !== 'default') throw new ModelError(path, `invalid ssh key ${JSON.stringify(text)}`);
      return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
};

const external: Transform = (value, at) => {
  if (!isMapping(value)) return value;
  const resource = value.get('external');
  if (!isMapping(resource)) return below(value, at);
  const [name, given] = [resource.get('name'), value.get('name')];
  const converted = new Map<string, Value>([...value, ['external', true]]);
  if (name === undefined) return converted;
  at.warn(`${at.path.join('.')}: external.name is deprecated. Please set name and external: true`);
  if (given !== undefined && given !== name)
    throw new ModelError(at.path, 'name and external.name conflict; only use name');
  return converted.set('name', name);
};

const RULES: Rules<Transform> = Rules.of<Transform>({
  'services.*.build': build,
  'services.*.build.secrets.*': named,
  'services.*.build.provenance': asText,
  'services.*.build.sbom': asText,
  'services.*.build.additional_contexts': pairs,
  'services.*.build.ssh': ssh,
  'services.*.depends_on': dependencies,
  'services.*.env_file': envFiles,
  'services.*.label_file': listed,
  'services.*.extends': (value) => (typeof value === 'string' ? entry('service', value) : value),
  'services.*.gpus': gpus,
  'services.*.networks': keyed,
  'services.*.models': keyed,
  'services.*.volumes.*': volume,
  'services.*.dns': servers,
  'services.*.devices.*': device,
  'services.*.secrets.*': named,
  'services.*.configs.*': named,
  'services.*.ports': ports,
  'services.*.develop.watch.*.ignore': listed,
  'services.*.develop.watch.*.include': listed,
  'volumes.*': external,
  'networks.*': external,
  'secrets.*': external,
  'configs.*': external,
});

/** Converts short forms to long ones. @throws ModelError */
export function canonical(project: Mapping, options: Pick<At, 'isLenient' | 'warn'>): Mapping {
  return below(project, { path: [], rules: RULES, ...options }) as Mapping;
}

function walk(value: Value, at: At): Value {
  const transform = at.rules.rule;
  if (transform !== undefined) return transform(value, at);
  return below(value, at);
}

function below(value: Value, at: At): Value {
  if (at.rules.isDone) return value;
  const next = (key: string): At => ({ ...at, path: [...at.path, key], rules: at.rules.under(key) });
  if (isMapping(value)) return new Map([...value].map(([key, item]) => [key, walk(item, next(key))]));
  return isList(value) ? value.map((item, index) => walk(item, next(String(index)))) : value;
}
