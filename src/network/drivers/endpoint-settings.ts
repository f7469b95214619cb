import type { EndpointSettings } from '../../spec/index.ts';

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
