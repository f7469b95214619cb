import { compareVersions } from '../../base/versions.ts';
import type { ContainerInspect, ContainerSummary } from '../../containers/index.ts';

/**
 * Adapts an inspected container. From 1.48 on it has the manifest of its image. From 1.52 on its addresses are only in
 * its networks, it has no hardware address of its own, and triggers of an image only where there are any.
 */
export function containerInspectFor(version: string, container: ContainerInspect): object {
  if (compareVersions(version, '1.48') < 0) return withoutManifest(container);
  if (compareVersions(version, '1.52') < 0) return container;
  const { MacAddress: _deprecated, OnBuild, ...config } = container.Config;
  const { SandboxID, SandboxKey, Ports, Networks } = container.NetworkSettings;
  return {
    ...container,
    Config: OnBuild == null || OnBuild.length === 0 ? config : { ...config, OnBuild },
    NetworkSettings: { SandboxID, SandboxKey, Ports, Networks },
  };
}

/** Adapts a list of containers: from 1.48 on with the manifests of their images, from 1.52 on with their health. */
export function containerListFor(version: string, containers: readonly ContainerSummary[]): readonly object[] {
  if (compareVersions(version, '1.52') >= 0) return containers;
  const older = containers.map(({ Health: _hidden, ...container }) => container);
  return compareVersions(version, '1.48') < 0 ? older.map(withoutManifest) : older;
}

function withoutManifest({
  ImageManifestDescriptor: _hidden,
  ...rest
}: ContainerInspect | Omit<ContainerSummary, 'Health'>): object {
  return rest;
}
