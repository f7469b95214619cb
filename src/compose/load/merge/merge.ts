import { byBytes } from '../../go/by-bytes.ts';
import { goText } from '../../model/go-text.ts';
import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, type Mapping, typeName, type Value } from '../../model/value.ts';
import { Rules } from '../rules.ts';
import { mergeIpamConfigs } from './merge-ipam.ts';

/** Merges two values of one key. `over` is that of the later file. */
export type Merge = (base: Value, over: Value, at: At) => Value;

export interface At {
  readonly path: readonly string[];
  readonly rules: Rules<Merge>;
}

const replace: Merge = (_base, over) => over;

const joinPairs: Merge = (base, over) => [...pairsOf(base), ...pairsOf(over)];

const joinHosts: Merge = (base, over) => {
  const before = pairsOf(base);
  return [...before, ...pairsOf(over).filter((entry) => !before.includes(entry))];
};

const mergeBuild: Merge = (base, over, at) => {
  const asMapping = (value: Value): Value => (typeof value === 'string' ? new Map([['context', value]]) : value);
  return mergeMappings(asMapping(base), asMapping(over), at);
};

/** Options of a log driver go with the driver: those of another one are dropped. */
const mergeLogging: Merge = (base, over, at) => {
  if (!isMapping(base) || !isMapping(over)) return over ?? base;
  const [before, after] = [base.get('driver'), over.get('driver')];
  return before === undefined || after === undefined || before === after ? mergeMappings(base, over, at) : over;
};

const DEPENDENCY: Mapping = new Map<string, Value>([
  ['condition', 'service_started'],
  ['required', true],
]);

const mergeDependencies: Merge = (base, over, at) =>
  mergeMappings(keyed(base, DEPENDENCY), keyed(over, DEPENDENCY), at);
const mergeKeyed: Merge = (base, over, at) => mergeMappings(keyed(base, null), keyed(over, null), at);

const RULES: Rules<Merge> = Rules.of<Merge>({
  'networks.*.ipam.config': (base, over, { path }) => mergeIpamConfigs(base, over, path),
  'networks.*.labels': joinPairs,
  'volumes.*.labels': joinPairs,
  'services.*.annotations': joinPairs,
  'services.*.build': mergeBuild,
  'services.*.build.args': joinPairs,
  'services.*.build.additional_contexts': joinPairs,
  'services.*.build.extra_hosts': joinHosts,
  'services.*.build.labels': joinPairs,
  'services.*.command': replace,
  'services.*.depends_on': mergeDependencies,
  'services.*.deploy.labels': joinPairs,
  'services.*.dns': joinPairs,
  'services.*.dns_opt': joinPairs,
  'services.*.dns_search': joinPairs,
  'services.*.entrypoint': replace,
  'services.*.env_file': joinPairs,
  'services.*.label_file': joinPairs,
  'services.*.environment': joinPairs,
  'services.*.extra_hosts': joinHosts,
  'services.*.healthcheck.test': replace,
  'services.*.labels': joinPairs,
  'services.*.logging': mergeLogging,
  'services.*.models': mergeKeyed,
  'services.*.networks': mergeKeyed,
  'services.*.sysctls': joinPairs,
  'services.*.tmpfs': joinPairs,
  'services.*.ulimits.*': replace,
});

/** Merges a file over those before it, by the rule of each field. @throws ModelError when types do not fit */
export function mergeFiles(base: Mapping, over: Mapping): Mapping {
  return mergeMappings(base, over, { path: [], rules: RULES }) as Mapping;
}

/** Merges a service over the one that it extends. `name` is that of the service. @throws ModelError */
export function mergeService(base: Mapping, over: Mapping, name: string): Mapping {
  const at = { path: ['services', name], rules: RULES.under('services').under(name) };
  return mergeMappings(base, over, at) as Mapping;
}

function mergeValues(base: Value, over: Value, at: At): Value {
  const special = at.rules.rule;
  if (special !== undefined) return special(base, over, at);
  if (over === null) return base;
  if (isMapping(base)) {
    if (isMapping(over)) return mergeMappings(base, over, at);
  } else if (isList(base)) {
    if (isList(over)) return [...base, ...over];
  } else return over;
  throw new ModelError(at.path, `cannot override a ${typeName(base)} with a ${typeName(over)}`);
}

function mergeMappings(base: Value, over: Value, at: At): Value {
  if (!isMapping(base)) return over ?? base;
  if (!isMapping(over)) return base;
  const merged = new Map(base);
  for (const [key, value] of over) {
    const before = base.get(key);
    const below = { path: [...at.path, key], rules: at.rules.under(key) };
    merged.set(key, before === undefined ? value : mergeValues(before, value, below));
  }
  return merged;
}

/** `key=value` for each entry, sorted; the items of a list; one text. */
function pairsOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (typeof value === 'string') return [value];
  if (!isMapping(value)) return [];
  return [...value]
    .flatMap(([key, entry]) => {
      if (entry === null) return [key];
      return isList(entry) ? entry.map((item) => `${key}=${goText(item)}`) : [`${key}=${goText(entry)}`];
    })
    .sort(byBytes);
}

/** A list of names as a mapping, each with the same value. */
function keyed(value: Value, entry: Value): Value {
  if (!isList(value)) return value;
  return new Map(value.filter((name): name is string => typeof name === 'string').map((name) => [name, entry]));
}
