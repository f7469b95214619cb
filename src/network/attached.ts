import type { EndpointSettings } from '../spec/index.ts';
import { bridgeName } from './drivers/bridge-driver.ts';
import { hostLinkName } from './host-link.ts';
import type { BridgePort } from './kernel/protocol.ts';
import type { AttachedContainers, NetworkRecord } from './network-record.ts';
import type { NetworkTable } from './network-table.ts';
import type { Sandbox } from './networks.ts';
import type { ContainerPorts } from './ports/container-ports.ts';

/** An attached container. */
export interface Attached {
  containerName: string;
  readonly sandbox: Sandbox;
  readonly ports: ContainerPorts;
}

/** The endpoints of a sandbox, with their networks. Networks that were removed are omitted. */
export function endpointsOf(
  table: NetworkTable,
  { endpoints }: Sandbox,
): readonly { readonly record: NetworkRecord; readonly settings: EndpointSettings }[] {
  return Object.entries(endpoints).flatMap(([name, settings]) => {
    const record = table.byId(settings.NetworkID ?? '') ?? table.find(name);
    return record === undefined ? [] : [{ record, settings }];
  });
}

/** The links of containers at bridges. */
export function bridgePorts(table: NetworkTable, attached: Iterable<Attached>): readonly BridgePort[] {
  return [...attached].flatMap(({ sandbox }) =>
    endpointsOf(table, sandbox).flatMap(({ record, settings: { EndpointID: id = '' } }) =>
      record.driver === 'bridge' && id !== '' ? [{ hostLink: hostLinkName(id), bridge: bridgeName(record) }] : [],
    ),
  );
}

/** `Containers` of `network inspect`. */
export function containersOn(record: NetworkRecord, attached: ReadonlyMap<string, Attached>): AttachedContainers {
  const containers: Record<string, AttachedContainers[string]> = {};
  for (const [containerId, { containerName, sandbox }] of attached) {
    const settings = Object.values(sandbox.endpoints).find(({ NetworkID }) => NetworkID === record.id);
    if (settings === undefined) continue;
    containers[containerId] = {
      Name: containerName,
      EndpointID: settings.EndpointID ?? '',
      MacAddress: settings.MacAddress ?? '',
      IPv4Address: (settings.IPAddress ?? '') === '' ? '' : `${settings.IPAddress}/${settings.IPPrefixLen}`,
      IPv6Address: '',
    };
  }
  return containers;
}
