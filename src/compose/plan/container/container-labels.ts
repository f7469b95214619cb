import type { Project } from '../../model/index.ts';
import { COMPOSE_VERSION, LABEL } from '../../running/labels.ts';
import type { NewContainer } from './new-container.ts';

/** The labels of the service, and those by which Compose finds the container again. */
export function containerLabels(project: Project, made: NewContainer): Readonly<Record<string, string>> {
  const { service, oneOff } = made;
  return {
    ...Object.fromEntries(service.labels ?? []),
    [LABEL.configHash]: made.configHash,
    ...(made.keyHashes === undefined ? {} : { [LABEL.keys]: made.keyHashes }),
    ...(oneOff === undefined ? { [LABEL.number]: String(made.number) } : { [LABEL.slug]: oneOff.slug }),
    [LABEL.dependsOn]: dependencyLabel(project, service),
    ...(made.imageId === undefined ? {} : { [LABEL.image]: made.imageId }),
    [LABEL.oneOff]: oneOff === undefined ? 'False' : 'True',
    [LABEL.project]: project.name,
    [LABEL.configFiles]: project.files.join(','),
    [LABEL.workingDir]: project.workingDir,
    ...(made.replaces === undefined ? {} : { [LABEL.replaces]: made.replaces }),
    [LABEL.service]: service.name ?? '',
    [LABEL.version]: COMPOSE_VERSION,
  };
}

/** Services that are not enabled, and not required, have no part in it. */
function dependencyLabel({ services }: Project, { depends_on }: NewContainer['service']): string {
  return [...(depends_on ?? [])]
    .filter(([name]) => services.has(name))
    .map(
      ([name, dependency]) => `${name}:${dependency?.condition ?? 'service_started'}:${dependency?.restart ?? false}`,
    )
    .join(',');
}
