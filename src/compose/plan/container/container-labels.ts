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
    [LABEL.dependsOn]: dependencyLabel(service),
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

function dependencyLabel({ depends_on }: NewContainer['service']): string {
  return [...(depends_on ?? [])]
    .map(
      ([name, dependency]) => `${name}:${dependency?.condition ?? 'service_started'}:${dependency?.restart ?? false}`,
    )
    .join(',');
}
