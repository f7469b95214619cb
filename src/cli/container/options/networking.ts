import type { EndpointSettings, NetworkingConfig } from '../../../spec/index.ts';
import type { Flags } from '../../flags/parse.ts';
import { checkMac, emptyAttachment, type NetworkAttachment, parseNetworkAttachment } from './network.ts';

export interface Networking {
  readonly networkMode: string;
  readonly config: NetworkingConfig;
}

/** Parses `--network` (several times) and the flags for the first of them. @throws Error in docker's words */
export function parseNetworking(flags: Flags): Networking {
  const attachments = flags.list('network').map(parseNetworkAttachment);
  if (attachments.some(({ target }) => target === '')) throw new Error('no name set for network');
  const first = attachments[0] ?? emptyAttachment('default');
  applyFlags(first, flags);
  const all = attachments.length === 0 ? [first] : attachments;
  const modes = all.map(({ target }) => isUserDefined(target));
  if (modes.includes(true) && modes.includes(false)) {
    throw new Error('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  const endpoints: Record<string, EndpointSettings> = {};
  for (const each of all) {
    if (endpoints[each.target] !== undefined)
      throw new Error(`network ${JSON.stringify(each.target)} is specified multiple times`);
    endpoints[each.target] = endpointOf(each);
  }
  return { networkMode: first.target, config: { EndpointsConfig: endpoints } };
}

function isUserDefined(target: string): boolean {
  return !['default', 'bridge', 'host', 'none', ''].includes(target) && !target.startsWith('container:');
}

function applyFlags(first: NetworkAttachment, flags: Flags): void {
  const both = (name: string, inNetwork: boolean): void => {
    if (inNetwork && flags.changed(name)) {
      throw new Error(
        `conflicting options: cannot specify both --${name} and per-network ${name === 'network-alias' ? 'alias' : name}`,
      );
    }
  };
  both('network-alias', first.aliases.length > 0);
  both('ip', first.ipv4 !== '');
  both('ip6', first.ipv6 !== '');
  both('mac-address', first.macAddress !== '');
  both('link-local-ip', first.linkLocalIps.length > 0);
  first.aliases.push(...flags.list('network-alias'));
  first.linkLocalIps.push(...flags.list('link-local-ip'));
  if (isUserDefined(first.target)) first.links.push(...flags.list('link'));
  first.ipv4 ||= flags.string('ip');
  first.ipv6 ||= flags.string('ip6');
  const mac = flags.string('mac-address');
  if (mac !== '') first.macAddress = checkMac(mac);
}

function endpointOf(attachment: NetworkAttachment): EndpointSettings {
  const { ipv4, ipv6, linkLocalIps } = attachment;
  if (ipv4 !== '' && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(ipv4)) throw new Error(`invalid IPv4 address: ${ipv4}`);
  if (ipv6 !== '' && !ipv6.includes(':')) throw new Error(`invalid IPv6 address: ${ipv6}`);
  if (!isUserDefined(attachment.target)) {
    if (attachment.aliases.length > 0)
      throw new Error('network-scoped aliases are only supported for user-defined networks');
    if (attachment.links.length > 0) throw new Error('links are only supported for user-defined networks');
  }
  return {
    ...(ipv4 !== '' || ipv6 !== '' || linkLocalIps.length > 0
      ? {
          IPAMConfig: {
            ...(ipv4 === '' ? {} : { IPv4Address: ipv4 }),
            ...(ipv6 === '' ? {} : { IPv6Address: ipv6 }),
            ...(linkLocalIps.length > 0 ? { LinkLocalIPs: linkLocalIps } : {}),
          },
        }
      : {}),
    ...(attachment.aliases.length > 0 ? { Aliases: attachment.aliases } : {}),
    ...(attachment.links.length > 0 ? { Links: attachment.links } : {}),
    ...(attachment.macAddress === '' ? {} : { MacAddress: attachment.macAddress }),
    ...(Object.keys(attachment.driverOptions).length > 0 ? { DriverOpts: attachment.driverOptions } : {}),
    ...(attachment.gatewayPriority === 0 ? {} : { GwPriority: attachment.gatewayPriority }),
  };
}
