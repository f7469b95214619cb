import type { SandboxRequest } from '../../network/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import { type RunDefaults, withRunDefaults } from '../model/run-defaults.ts';

/** What a container asks of the networks. `mode` is the network of its mode. */
export function sandboxRequest(record: ContainerRecord, mode: string, defaults: RunDefaults): SandboxRequest {
  const { config, hostConfig } = record;
  const { Dns: dns } = withRunDefaults(hostConfig, defaults);
  return {
    containerId: record.id,
    containerName: record.name,
    hostname: config.Hostname ?? '',
    mode: record.leftNetworkOfMode ? undefined : mode,
    endpoints: record.networks,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    portBindings: hostConfig.PortBindings ?? {},
    publishAll: hostConfig.PublishAllPorts === true,
    lastPorts: record.lastPorts,
    sysctls: networkSysctls(hostConfig.Sysctls),
    ...(dns != null && { dns }),
  };
}

/**
 * Picks the `net.` sysctls: they are written into the namespace before the runtime starts. The runtime writes the
 * others.
 */
function networkSysctls(
  sysctls: Readonly<Record<string, string>> | null | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(sysctls ?? {}).filter(([name]) => name.startsWith('net.')));
}
