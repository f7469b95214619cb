// Named exports, grouped by file in alphabetical order.
export { createNetworks, type NetworksDeps } from './create-networks.ts';
export { type HostsFileInput, hostsFile, parseExtraHost, updateHost, withoutHost } from './hosts-file.ts';
export type { AddressPool } from './ipam/address-pools.ts';
export type { NetworkConfig } from './network-config.ts';
export type { NetworkRecord } from './network-record.ts';
export type { NetworkInspect, Networks, Sandbox, SandboxRequest, SandboxState } from './networks.ts';
export { isStubResolvConf, type ResolvConfInput, resolvConf } from './resolv-conf.ts';
