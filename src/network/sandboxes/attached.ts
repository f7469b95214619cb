import type { AttachedContainers } from '../catalogue/inspect-network.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { BridgePort, PresentLink } from '../kernel/protocol.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import { endpointsOf } from '../model/sandbox-endpoints.ts';
import type { Sandbox } from '../networks.ts';
import type { ContainerPorts } from '../ports/container-ports.ts';
import { interfacesOf } from './interface-names.ts';

/** An attached container. */
export interface Attached {
  readonly containerName: string;
  readonly sandbox: Sandbox;
  readonly ports: ContainerPorts;
}

/** The links of a sandbox. */
export function linksOf(
  { table, drivers }: { readonly table: NetworkTable; readonly drivers: NetworkDrivers },
  sandbox: Sandbox,
): readonly PresentLink[] {
  const interfaces = interfacesOf(sandbox);
  return endpointsOf(table, sandbox).flatMap(
    ({ record, settings }) =>
      drivers.find(record.driver)?.presentLink(record, settings, interfaces[record.name] ?? '') ?? [],
  );
}

/** Names of links on the host. */
export function hostLinkNames(links: readonly PresentLink[]): readonly string[] {
  return links.flatMap((link) => (link.at === 'host' ? [link.name, link.limits?.shaper ?? []].flat() : []));
}

/** The links of containers that are ports of bridges. */
export function bridgePorts(links: readonly PresentLink[]): readonly BridgePort[] {
  return links.flatMap((link) =>
    link.at === 'host' ? [{ hostLink: link.name, bridge: link.bridge, limits: link.limits }] : [],
  );
}

/** `Containers` of `network inspect`. */
export function containersOn(record: NetworkRecord, attached: ReadonlyMap<string, Attached>): AttachedContainers {
  const containers: Record<string, AttachedContainers[string]> = {};
  for (const [containerId, { containerName, sandbox }] of attached) {
    const settings = Object.values(sandbox.endpoints).find(({ NetworkID }) => NetworkID === record.id);
    if (settings === undefined) continue;
    const { IPAddress = '', IPPrefixLen, GlobalIPv6Address = '', GlobalIPv6PrefixLen } = settings;
    containers[containerId] = {
      Name: containerName,
      EndpointID: settings.EndpointID ?? '',
      MacAddress: settings.MacAddress ?? '',
      IPv4Address: IPAddress === '' ? '' : `${IPAddress}/${IPPrefixLen}`,
      IPv6Address: GlobalIPv6Address === '' ? '' : `${GlobalIPv6Address}/${GlobalIPv6PrefixLen}`,
    };
  }
  return containers;
}
