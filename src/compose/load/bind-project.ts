import { inside, type Kind, type Place } from '../model/kind.ts';
import { config, model, network, type Project, secret, type Table, volume } from '../model/project.ts';
import { type Service, service } from '../model/service.ts';
import { isMapping, type Mapping, type Value } from '../model/value.ts';
import { SECRET_VALUE } from './normalize/resolve-variables.ts';
import type { Environment } from './world.ts';

export interface Facts {
  readonly name: string;
  readonly workingDir: string;
  readonly files: readonly string[];
  readonly environment: Environment;
}

/** Reads a mapping in long form as a project, with all services enabled. @throws ModelError */
export function bindProject(given: Mapping, facts: Facts, warn: (text: string) => void): Project {
  const place: Place = { path: [], warn };
  const table = <T>(section: string, kind: Kind<T>): Table<T> =>
    bindTable(given.get(section), kind, inside(place, section));
  const services = table('services', service);
  return {
    ...facts,
    services: new Map([...services].map(([name, found]) => [name, { ...found, name }] as const)),
    disabledServices: new Map<string, Service>(),
    networks: table('networks', network),
    volumes: table('volumes', volume),
    secrets: bindTable(withContent(given.get('secrets')), secret, inside(place, 'secrets')),
    configs: table('configs', config),
    models: table('models', model),
    extensions: new Map([...given].filter(([key]) => key.startsWith('x-'))),
    profiles: [],
  };
}

function bindTable<T>(value: Value | undefined, kind: Kind<T>, place: Place): Table<T> {
  if (!isMapping(value)) return new Map();
  const empty: Mapping = new Map();
  return new Map([...value].map(([key, entry]) => [key, kind.read(entry ?? empty, inside(place, key))] as const));
}

function withContent(secrets: Value | undefined): Value | undefined {
  if (!isMapping(secrets)) return secrets;
  return new Map(
    [...secrets].map(([name, fields]) => {
      const content = isMapping(fields) ? fields.get(SECRET_VALUE) : undefined;
      if (!isMapping(fields) || content === undefined) return [name, fields] as const;
      const bound = new Map([...fields, ['content', content] as const]);
      bound.delete(SECRET_VALUE);
      return [name, bound] as const;
    }),
  );
}
