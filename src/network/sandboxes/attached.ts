import type { AttachedContainers } from '../catalogue/inspect-network.ts';
import type { PresentNames } from '../drivers/driver.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { BridgePort, ConnectPlan, DefaultRoute, LinkPlan, PresentLink } from '../kernel/protocol.ts';
import { defaultGateway, gatewayOf } from '../model/default-gateway.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import { endpointsOf, type SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import { linkSysctls } from '../model/sysctl-key.ts';
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
  return endpointsOf(table, sandbox).flatMap(
    ({ record, settings }) =>
      drivers.find(record.driver)?.presentLink(record, settings, presentNames(sandbox, record)) ?? [],
  );
}

/** The `sources` of a sandbox with further endpoints. Absent without any. */
export function sourcesOf(
  endpoints: readonly { readonly record: Pick<NetworkRecord, 'name'>; readonly link: LinkPlan | undefined }[],
  before: Sandbox['sources'] = {},
): Pick<Sandbox, 'sources'> {
  const added = endpoints.flatMap(({ record, link }) => (link?.kind === 'moved' ? [[record.name, link.source]] : []));
  const sources: Readonly<Record<string, string>> = { ...before, ...Object.fromEntries(added) };
  return Object.keys(sources).length === 0 ? {} : { sources };
}

/** The names of the interface of a network's endpoint. */
export function presentNames(sandbox: Sandbox, { name }: Pick<NetworkRecord, 'name'>): PresentNames {
  return { name: interfacesOf(sandbox)[name] ?? '', source: sandbox.sources?.[name] };
}

/** Plans a link of a sandbox that somebody has removed, by its name on the host. Undefined for links of other sandboxes. */
export function linkAgain(
  { table, drivers }: { readonly table: NetworkTable; readonly drivers: NetworkDrivers },
  sandbox: Sandbox,
  name: string,
): ConnectPlan | undefined {
  const interfaces = interfacesOf(sandbox);
  const endpoints = endpointsOf(table, sandbox);
  for (const { record, settings } of endpoints) {
    const link = drivers.find(record.driver)?.linkAgain?.(record, settings, interfaces[record.name] ?? '');
    if (link?.hostName !== name) continue;
    const { netnsPath } = sandbox;
    const sysctls = linkSysctls(settings, link.name);
    return { netnsPath, link, opensNames: false, sysctls, routes: defaultRoutes(endpoints, interfaces) };
  }
  return undefined;
}

/** The default routes of a sandbox. */
export function defaultRoutes(
  endpoints: readonly SandboxEndpoint[],
  interfaces: Readonly<Record<string, string>>,
): readonly DefaultRoute[] {
  return ([4, 6] as const).flatMap((family) => {
    const endpoint = defaultGateway(endpoints, family);
    if (endpoint === undefined) return [];
    return { link: interfaces[endpoint.record.name] ?? '', gateway: gatewayOf(endpoint.settings, family) };
  });
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
