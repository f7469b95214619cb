import type { Project, Service } from '../model/index.ts';

/** A project whose services have further variables, in place of those of the same name. */
export function withVariables(
  project: Project,
  variablesOf: (service: Service) => readonly (readonly [name: string, value: string])[],
): Project {
  const services = [...project.services].map(([name, service]) => {
    const added = variablesOf(service);
    const environment = new Map([...(service.environment ?? []), ...added]);
    return [name, added.length === 0 ? service : { ...service, environment }] as const;
  });
  return { ...project, services: new Map(services) };
}
