import type { ContainerInspect, ContainerSummary } from '../../containers/index.ts';
import { compareVersions } from './api-version.ts';

/** From 1.48 on a container shows the manifest of its image. */
export function containerInspectFor(version: string, container: ContainerInspect): object {
  return compareVersions(version, '1.48') < 0 ? withoutManifest(container) : container;
}

export function containerListFor(version: string, containers: readonly ContainerSummary[]): readonly object[] {
  return compareVersions(version, '1.48') < 0 ? containers.map(withoutManifest) : containers;
}

function withoutManifest({ ImageManifestDescriptor: _hidden, ...rest }: ContainerInspect | ContainerSummary): object {
  return rest;
}
