import type { EndpointSettings } from '../../../spec/index.ts';
import type { Project, Service, ServiceNetwork } from '../../model/index.ts';
import type { NewContainer } from './new-container.ts';

const INTERFACE_NAME = 'com.docker.network.endpoint.ifname';

/** The keys of a service's networks, the one of the highest priority first. */
export function networksOf({ networks }: Service): readonly string[] {
  return [...(networks ?? [])]
    .map(([key, network]) => ({ key, priority: network?.priority ?? 0 }))
    .sort((a, b) => b.priority - a.priority || (a.key < b.key ? -1 : 1))
    .map(({ key }) => key);
}

/** The mode that the service names, or the name of its first network. */
export function networkModeOf(project: Project, { service, references }: NewContainer): string {
  if (references.networkMode !== undefined) return references.networkMode;
  if (service.network_mode !== undefined) return service.network_mode;
  const [first] = networksOf(service);
  return first === undefined ? 'none' : networkName(project, first);
}

/** The name of a network of the project at the engine. */
export function networkName(project: Project, key: string): string {
  return project.networks.get(key)?.name ?? `${project.name}_${key}`;
}

/** Undefined for a service with a network mode: it has no endpoints. */
export function endpointsOf(
  project: Project,
  made: NewContainer,
): Readonly<Record<string, EndpointSettings>> | undefined {
  const { service } = made;
  if (service.network_mode !== undefined) return undefined;
  const found = networksOf(service).map((key, index) => {
    const network = service.networks?.get(key) ?? null;
    // The address of the service is that of its first endpoint.
    const { mac_address = index === 0 ? service.mac_address : undefined } = network ?? {};
    const settings = endpoint(made, network, mac_address);
    return [networkName(project, key), settings] as const;
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function endpoint(
  { service, name, references, oneOff }: NewContainer,
  given: ServiceNetwork | null,
  mac: string | undefined,
): EndpointSettings {
  const network = given ?? {};
  const { ipv4_address, ipv6_address, link_local_ips, interface_name } = network;
  const options = [
    ...(network.driver_opts ?? []),
    ...(interface_name === undefined ? [] : [[INTERFACE_NAME, interface_name] as const]),
  ];
  const address = {
    ...(ipv4_address === undefined ? {} : { IPv4Address: ipv4_address }),
    ...(ipv6_address === undefined ? {} : { IPv6Address: ipv6_address }),
    ...(link_local_ips === undefined ? {} : { LinkLocalIPs: link_local_ips }),
  };
  // A container of `run` does not answer for its service, unless it is told to.
  const answers = oneOff === undefined || oneOff.usesAliases;
  return {
    Aliases: [name, ...(answers ? [service.name ?? '', ...(network.aliases ?? [])] : [])],
    ...(given === null ? {} : { IPAMConfig: address }),
    ...(references.links === undefined ? {} : { Links: references.links }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
    ...(options.length === 0 ? {} : { DriverOpts: Object.fromEntries(options) }),
    ...(network.gw_priority === undefined ? {} : { GwPriority: network.gw_priority }),
  };
}
