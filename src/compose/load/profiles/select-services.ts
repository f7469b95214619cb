import { matchesGlob } from 'node:path';
import { EngineError } from '../../../base/errors.ts';
import type { Project, Table } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';

/** Enables the services that have no profile, or one of these. `*` stands for all. */
export function withProfiles(project: Project, profiles: readonly string[]): Project {
  const all = [...project.services, ...project.disabledServices];
  const isEnabled = ({ profiles: own = [] }: Service): boolean =>
    own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile));
  return {
    ...project,
    services: new Map(all.filter(([, service]) => isEnabled(service))),
    disabledServices: new Map(all.filter(([, service]) => !isEnabled(service))),
    profiles,
  };
}

/** Enables the profiles of these services, too: who names a service wants it. */
export function withServicesEnabled(project: Project, names: readonly string[]): Project {
  if (names.length === 0) return project;
  const further = names
    .filter((name) => !project.services.has(name))
    .flatMap((name) => project.disabledServices.get(name)?.profiles ?? []);
  return withProfiles(project, [...project.profiles, ...further]);
}

/** Keeps these services and what they depend on. Names may be patterns. @throws EngineError for one that does not exist */
export function withSelectedServices(project: Project, names: readonly string[]): Project {
  if (names.length === 0) return project;
  const selected = new Set<string>();
  for (const name of names) select(project, { name, isRequired: true }, selected);
  const only = withOnlyServices(project, selected);
  const services = [...only.services].map(([name, service]) => {
    const dependencies =
      service.depends_on && new Map([...service.depends_on].filter(([other]) => selected.has(other)));
    return [name, { ...service, ...(dependencies === undefined ? {} : { depends_on: dependencies }) }] as const;
  });
  return { ...only, services: new Map(services) };
}

/** Keeps these services. The others are disabled: they stay services of the project, and their containers are no orphans. */
export function withOnlyServices(project: Project, names: ReadonlySet<string>): Project {
  const dropped = [...project.services].filter(([name]) => !names.has(name));
  return {
    ...project,
    services: new Map([...project.services].filter(([name]) => names.has(name))),
    disabledServices: new Map([...project.disabledServices, ...dropped]),
  };
}

function select(
  project: Project,
  { name, isRequired }: { name: string; isRequired: boolean },
  selected: Set<string>,
): void {
  const found = namesLike(project.services, name);
  if (found.length === 0 && isRequired) throw new EngineError('notFound', `no such service: ${name}`);
  for (const each of found) {
    if (selected.has(each)) continue;
    selected.add(each);
    for (const [dependency, entry] of project.services.get(each)?.depends_on ?? [])
      select(project, { name: dependency, isRequired: entry?.required ?? true }, selected);
  }
}

function namesLike(services: Table<Service>, pattern: string): readonly string[] {
  if (services.has(pattern)) return [pattern];
  return /[*?[]/.test(pattern) ? [...services.keys()].filter((name) => matchesGlob(name, pattern)) : [];
}

/** Drops networks, volumes, secrets, configs and models that no enabled service uses, nor the build of one of `built`. */
export function withoutUnused(project: Project, built: readonly Service[] = []): Project {
  const used = { networks: new Set(), volumes: new Set(), secrets: new Set(), configs: new Set(), models: new Set() };
  for (const service of project.services.values()) {
    for (const name of service.networks?.keys() ?? []) used.networks.add(name);
    for (const volume of service.volumes ?? []) if (volume.type === 'volume') used.volumes.add(volume.source);
    for (const { source } of [...(service.secrets ?? []), ...(service.build?.secrets ?? [])]) used.secrets.add(source);
    for (const { source } of service.configs ?? []) used.configs.add(source);
    for (const name of service.models?.keys() ?? []) used.models.add(name);
  }
  for (const { source } of built.flatMap(({ build }) => build?.secrets ?? [])) used.secrets.add(source);
  const only = <T>(table: Table<T>, names: ReadonlySet<unknown>): Table<T> =>
    new Map([...table].filter(([name]) => names.has(name)));
  return {
    ...project,
    networks: only(project.networks, used.networks),
    volumes: only(project.volumes, used.volumes),
    secrets: only(project.secrets, used.secrets),
    configs: only(project.configs, used.configs),
    models: only(project.models, used.models),
  };
}
