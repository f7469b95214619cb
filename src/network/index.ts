// Named exports, grouped by file in alphabetical order.

export { createNetworks, type NetworksDeps } from './create-networks.ts';
export { hostResolverText } from './files/host-resolver.ts';
export {
  extraHostLines,
  type HostsFileInput,
  hostsFile,
  ownHostLines,
  parseExtraHost,
  updateHost,
  withoutHost,
} from './files/hosts-file.ts';
export { type ResolvConfInput, resolvConf } from './files/resolv-conf.ts';
export type { AddressPool } from './ipam/address-pools.ts';
export type { NetworkRecord } from './model/network-record.ts';
export type { NameServer } from './names/name-server.ts';
export { checkNetworkConfig, type NetworkConfig } from './network-config.ts';
export type {
  CreateNetwork,
  NetworkInspect,
  Networks,
  RequestedPool,
  Sandbox,
  SandboxRequest,
  SandboxState,
} from './networks.ts';
export { endpointNames } from './sandboxes/connect-endpoints.ts';
