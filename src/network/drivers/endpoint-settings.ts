import { invalid } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { NetworkRecord } from '../catalogue/network-record.ts';
import { parseHardwareAddress } from '../sandboxes/hardware-address.ts';
import { linkSysctls } from '../sandboxes/sysctl-key.ts';

/** An endpoint as inspect shows it: with every field, and allocated values in place of requested ones. */
export function endpointSettings(asked: EndpointSettings, allocated: Partial<EndpointSettings>): EndpointSettings {
  return {
    IPAMConfig: asked.IPAMConfig ?? null,
    Links: asked.Links ?? null,
    Aliases: asked.Aliases ?? null,
    MacAddress: '',
    DriverOpts: asked.DriverOpts ?? null,
    GwPriority: asked.GwPriority ?? 0,
    NetworkID: '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
    ...allocated,
  };
}

/**
 * Checks what the drivers' endpoints have in common: hardware address, sysctls, and addresses on a network of the
 * engine's own. @throws EngineError invalid, in Docker's words
 */
export function checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void {
  const { IPv4Address = '', IPv6Address = '' } = asked.IPAMConfig ?? {};
  linkSysctls(asked, 'IFNAME');
  const head = `invalid config for network ${record.name}: `;
  if (record.builtIn && (IPv4Address !== '' || IPv6Address !== '')) {
    const problem = 'user specified IP address is supported on user defined networks only';
    throw invalid(`${head}invalid endpoint settings:\n${problem}`);
  }
  try {
    askedHardwareAddress(asked);
  } catch (error) {
    throw invalid(`${head}invalid MAC address ${asked.MacAddress}`, error);
  }
}

/** @throws EngineError invalid */
export function askedHardwareAddress({ MacAddress = '' }: EndpointSettings): Buffer | undefined {
  return MacAddress === '' ? undefined : parseHardwareAddress(MacAddress);
}
