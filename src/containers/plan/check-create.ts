import { invalid } from '../../base/errors.ts';
import { checkCapabilities, type HostFacts, parseSecurityOptions } from '../../runtime/index.ts';
import type { ContainerConfig, HostConfig, Resources } from '../../spec/index.ts';
import { targetProblem } from './bind-spec.ts';
import { checkConfig, checkHostConfig, checkRestartPolicy } from './check-config.ts';
import { checkModes } from './check-modes.ts';
import { type CheckedResources, checkResources, checkScores } from './check-resources.ts';
import { storageSize } from './storage-size.ts';

export interface CheckedRequest {
  /** The host config without the limits that this host does not support. */
  readonly hostConfig: HostConfig;
  readonly warnings: readonly string[];
}

/**
 * Checks a create request before its image is known. Mounts are checked when they are planned.
 * @throws EngineError invalid with dockerd's texts
 */
export function checkCreate(config: ContainerConfig, hostConfig: HostConfig, facts: HostFacts): CheckedRequest {
  checkConfig(config);
  checkHostConfig(hostConfig);
  checkCapabilities({ add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [] }, facts.capabilities);
  checkModes(config, hostConfig);
  checkScores(hostConfig);
  parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  for (const target of Object.keys(hostConfig.Tmpfs ?? {})) {
    const problem = targetProblem(target);
    if (problem !== undefined) throw invalid(problem);
  }
  storageSize(hostConfig);
  const { resources, warnings } = checkResources(hostConfig, facts, false);
  const discarded =
    hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0
      ? ['Published ports are discarded when using host network mode']
      : [];
  const experimental = (hostConfig.Mounts ?? []).some((mount) => mount.Type === 'image')
    ? ['Image mount is an experimental feature']
    : [];
  return { hostConfig: resources, warnings: [...warnings, ...discarded, ...experimental] };
}

/** Checks an update of limits and restart policy. @throws EngineError invalid */
export function checkUpdate<T extends Resources & Pick<HostConfig, 'RestartPolicy'>>(
  change: T,
  facts: HostFacts,
): CheckedResources<T> {
  // Without a name the policy stays as it is.
  if (change.RestartPolicy?.Name) checkRestartPolicy(change.RestartPolicy);
  return checkResources(change, facts, true);
}
