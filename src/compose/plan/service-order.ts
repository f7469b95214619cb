import { invalid } from '../../base/errors.ts';
import type { Project, Service } from '../model/index.ts';
import { referencedServices } from './resolve-references.ts';

/** The services of the project that a service needs before itself: what it depends on, and whose containers it names. */
export function dependenciesOf(project: Project, name: string): readonly string[] {
  const service = project.services.get(name);
  if (service === undefined) return [];
  const all = new Set([...(service.depends_on?.keys() ?? []), ...referencedServices(service)]);
  return [...all].filter((each) => project.services.has(each));
}

/** All services in an order in which each comes after its dependencies. @throws EngineError invalid for a circle */
export function serviceOrder(project: Project): readonly Service[] {
  const ordered = new Map<string, Service>();
  const visit = (name: string, path: readonly string[]): void => {
    const service = project.services.get(name);
    if (service === undefined || ordered.has(name)) return;
    if (path.includes(name)) throw invalid(`dependency cycle detected: ${[...path, name].join(' -> ')}`);
    for (const each of dependenciesOf(project, name)) visit(each, [...path, name]);
    ordered.set(name, service);
  };
  for (const name of project.services.keys()) visit(name, []);
  return [...ordered.values()];
}

/** Services with all that they need, in the project's order. */
export function withDependencies(project: Project, names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const each of dependenciesOf(project, name)) visit(each);
  };
  for (const name of names) visit(name);
  return found;
}

/** The services that need a service directly. */
export function dependentsOf(project: Project, name: string): readonly string[] {
  return [...project.services.keys()].filter((each) => dependenciesOf(project, each).includes(name));
}

/** These services, and those that need one of them, directly or not, where `counts` says so. */
export function withDependents(
  project: Project,
  names: readonly string[],
  counts: (service: Service, needed: string) => boolean = () => true,
): ReadonlySet<string> {
  const found = new Set(names);
  for (const service of serviceOrder(project)) {
    const { name = '' } = service;
    if (dependenciesOf(project, name).some((each) => found.has(each) && counts(service, each))) found.add(name);
  }
  return found;
}
