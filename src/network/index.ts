// Named exports, grouped by file in alphabetical order.
export { type HostsFileInput, hostsFile, parseExtraHost } from './hosts-file.ts';
export type { NetworkInspect, Networks, Sandbox, SandboxRequest, SandboxState } from './networks.ts';
export { isStubResolvConf, type ResolvConfInput, resolvConf } from './resolv-conf.ts';
