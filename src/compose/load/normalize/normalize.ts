import { goText } from '../../model/go-text.ts';
import { isList, isMapping, type Mapping, type Value } from '../../model/value.ts';
import { cleanPath } from '../canonical/canonical.ts';

type Environment = ReadonlyMap<string, string>;

/** Adds what a project implies: the default network, dependencies by links and shared namespaces, names of resources. */
export function normalize(project: Mapping, name: string, environment: Environment): Mapping {
  const services = mapEntries(project.get('services'), (service) => normalizeService(service, environment));
  const normalized = new Map(project);
  normalized.set('name', name);
  if (services !== undefined) normalized.set('services', services);
  const networks = networksOf(project.get('networks'), services);
  if (networks.size > 0) normalized.set('networks', networks);
  for (const section of ['networks', 'volumes', 'configs', 'secrets']) {
    const named = mapEntries(normalized.get(section), (resource, key) => withName(resource, key, name));
    if (named !== undefined) normalized.set(section, named);
  }
  return normalized;
}

function mapEntries(value: Value | undefined, change: (entry: Value, key: string) => Value): Mapping | undefined {
  return isMapping(value) ? new Map([...value].map(([key, entry]) => [key, change(entry, key)])) : undefined;
}

/** The declared networks, and the default one where a service uses it. */
function networksOf(declared: Value | undefined, services: Mapping | undefined): Mapping {
  const networks = new Map(isMapping(declared) ? declared : []);
  const usesDefault = [...(services?.values() ?? [])].some((service) => {
    const used = isMapping(service) ? service.get('networks') : undefined;
    return (
      isMapping(service) &&
      !service.has('provider') &&
      !service.has('network_mode') &&
      isMapping(used) &&
      used.has('default')
    );
  });
  if (usesDefault && !networks.has('default')) networks.set('default', null);
  return networks;
}

function withName(resource: Value, key: string, project: string): Value {
  const fields = isMapping(resource) ? resource : new Map<string, Value>();
  if ((fields.get('name') ?? null) !== null) return fields;
  const isExternal = ['1', 't', 'true'].includes(goText(fields.get('external') ?? null).toLowerCase());
  return new Map([...fields, ['name', isExternal ? key : `${project}_${key}`]]);
}

function normalizeService(given: Value, environment: Environment): Value {
  if (!isMapping(given)) return given;
  const service = new Map(given);
  joinDefaultNetwork(service);
  if (service.get('pull_policy') === 'if_not_present') service.set('pull_policy', 'missing');
  const build = service.get('build');
  if (isMapping(build)) service.set('build', normalizeBuild(build, environment));
  if (service.has('environment'))
    service.set('environment', resolvePairs(service.get('environment') ?? null, environment, true));
  const volumes = service.get('volumes');
  if (isList(volumes)) service.set('volumes', volumes.map(cleanTarget));
  const dependencies = impliedDependencies(service);
  if (dependencies.size > 0) service.set('depends_on', dependencies);
  return service;
}

function joinDefaultNetwork(service: Map<string, Value>): void {
  if (service.has('provider') || service.has('network_mode')) return;
  const networks = service.get('networks');
  if (!isMapping(networks) || networks.size === 0) service.set('networks', new Map([['default', null]]));
}

function normalizeBuild(given: Mapping, environment: Environment): Mapping {
  const build = new Map(given);
  if ((build.get('context') ?? null) === null) build.set('context', '.');
  if ((build.get('dockerfile') ?? build.get('dockerfile_inline') ?? null) === null)
    build.set('dockerfile', 'Dockerfile');
  if (build.has('args')) build.set('args', resolvePairs(build.get('args') ?? null, environment, false));
  return build;
}

/** Gives variables without a value that of the environment. Those that it lacks are kept or dropped. */
function resolvePairs(value: Value, environment: Environment, keepsUnset: boolean): Value {
  if (isMapping(value))
    return new Map(
      [...value].flatMap(([key, entry]): (readonly [string, Value])[] => {
        const resolved = entry ?? environment.get(key) ?? null;
        return resolved === null && !keepsUnset ? [] : [[key, resolved]];
      }),
    );
  if (!isList(value)) return value;
  return value.flatMap((item): Value[] => {
    if (typeof item !== 'string' || item.includes('=')) return [item];
    const found = environment.get(item);
    return found === undefined ? (keepsUnset ? [item] : []) : [`${item}=${found}`];
  });
}

function cleanTarget(volume: Value): Value {
  const target = isMapping(volume) ? volume.get('target') : undefined;
  return isMapping(volume) && typeof target === 'string' ? new Map([...volume, ['target', cleanPath(target)]]) : volume;
}

const NAMESPACES = ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'];

/** The dependencies of a service, with those by links, shared namespaces and volumes of others. */
function impliedDependencies(service: Mapping): Mapping {
  const declared = service.get('depends_on');
  const dependencies = new Map(isMapping(declared) ? declared : []);
  const add = (name: string, restart: boolean): void => {
    if (!dependencies.has(name))
      dependencies.set(
        name,
        new Map<string, Value>([
          ['condition', 'service_started'],
          ['restart', restart],
          ['required', true],
        ]),
      );
  };
  for (const link of textsOf(service.get('links'))) {
    const parts = link.split(':');
    add(parts.length === 2 ? (parts[0] ?? link) : link, true);
  }
  for (const key of NAMESPACES) {
    const mode = service.get(key);
    if (typeof mode === 'string' && mode.startsWith('service:')) add(mode.slice('service:'.length), true);
  }
  for (const from of textsOf(service.get('volumes_from')))
    if (!from.startsWith('container:')) add(from.split(':')[0] ?? from, false);
  return dependencies;
}

function textsOf(value: Value | undefined): readonly string[] {
  return isList(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
