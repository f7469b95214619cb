import { ownValue } from '../../base/own-value.ts';
import type { EndpointSettings, PortMap } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import { networkSource } from '../relations/join-namespaces.ts';

const EMPTY_ENDPOINT = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
} as const satisfies EndpointSettings;

/**
 * `Networks` of list and inspect: the allocated settings over the requested ones, with every key present. Empty for
 * `container:x`.
 */
export function endpointsOf(record: ContainerRecord): Readonly<Record<string, EndpointSettings>> {
  const source = networkSource(record);
  if (source.kind === 'container') return {};
  const names = new Set([
    ...Object.keys(record.networks),
    ...Object.keys(record.lastNetworks ?? {}),
    ...Object.keys(record.sandbox?.endpoints ?? {}),
  ]);
  if (names.size === 0 && record.config.NetworkDisabled !== true && record.leftNetworkOfMode !== true) {
    names.add(source.kind === 'host' ? 'host' : source.mode);
  }
  // Also for names such as `__proto__`, which an assignment would take for the prototype.
  return Object.fromEntries([...names].toSorted().map((name) => [name, endpointOf(record, name)]));
}

function endpointOf(record: ContainerRecord, name: string): EndpointSettings {
  return {
    ...EMPTY_ENDPOINT,
    ...ownValue(record.networks, name),
    ...ownValue(record.lastNetworks ?? {}, name),
    ...ownValue(record.sandbox?.endpoints ?? {}, name),
  };
}

/**
 * `NetworkSettings` of inspect. The addresses at its top level are those on the default bridge, as old clients expect.
 */
export function networkSettings(
  record: ContainerRecord,
): Readonly<Record<string, unknown>> & { Ports: PortMap; Networks: Readonly<Record<string, EndpointSettings>> } {
  const networks = endpointsOf(record);
  const bridge = networks['bridge'] ?? EMPTY_ENDPOINT;
  return {
    Bridge: '',
    SandboxID: record.sandbox?.sandboxId ?? '',
    SandboxKey: record.sandbox?.netnsPath ?? '',
    Ports: record.sandbox?.ports ?? {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge.EndpointID ?? '',
    Gateway: bridge.Gateway ?? '',
    GlobalIPv6Address: bridge.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge.IPAddress ?? '',
    IPPrefixLen: bridge.IPPrefixLen ?? 0,
    IPv6Gateway: bridge.IPv6Gateway ?? '',
    MacAddress: bridge.MacAddress ?? '',
    Networks: networks,
  };
}
