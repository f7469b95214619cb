import { failed, invalid, messageOf } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { parseAddress } from '../ipam/address.ts';
import { contains, parseCidr } from '../ipam/subnet.ts';
import type { PlannedAddress } from '../kernel/protocol.ts';
import { parseHardwareAddress } from '../model/hardware-address.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import { linkSysctls } from '../model/sysctl-key.ts';

/** Of the aliases and links of one endpoint. */
const NAME_BYTES_MAX = 64 * 1024;

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
  checkNames(asked);
  const problems = [...aliasProblems(record, asked), ...addressProblems(record, asked), ...sysctlProblems(asked)];
  const [first = '', ...more] = problems;
  if (first !== '') {
    const list = more.length === 0 ? first : problems.map((problem) => `* ${problem}`).join('\n');
    throw invalid(`invalid endpoint settings:\n${list}`);
  }
  try {
    askedHardwareAddress(asked);
  } catch (error) {
    throw invalid(`invalid MAC address ${asked.MacAddress}`, error);
  }
}

function sysctlProblems(asked: EndpointSettings): readonly string[] {
  try {
    linkSysctls(asked, 'IFNAME');
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

/** Names are sent as a whole with each change. Docker knows no limit. */
function checkNames({ Aliases, Links }: EndpointSettings): void {
  const bytes = [...(Aliases ?? []), ...(Links ?? [])].reduce((sum, name) => sum + Buffer.byteLength(name), 0);
  if (bytes > NAME_BYTES_MAX) {
    throw invalid(
      `invalid endpoint settings:\naliases and links have ${bytes} bytes, at most ${NAME_BYTES_MAX} are allowed`,
    );
  }
}

function aliasProblems({ builtIn }: NetworkRecord, { Aliases }: EndpointSettings): readonly string[] {
  return builtIn && (Aliases ?? []).length > 0
    ? ['network-scoped alias is supported only for containers in user defined networks']
    : [];
}

function addressProblems({ builtIn, ipam }: NetworkRecord, { IPAMConfig }: EndpointSettings): readonly string[] {
  const { IPv4Address = '', IPv6Address = '', LinkLocalIPs } = IPAMConfig ?? {};
  const malformed = (LinkLocalIPs ?? []).filter((address) => isIP(address) === 0);
  const linkLocal = malformed.map((address) => `invalid link-local IP address: ${address}`);
  const asked = [
    { family: 4, text: IPv4Address },
    { family: 6, text: IPv6Address },
  ] as const;
  const given = asked.filter(({ text }) => text !== '');
  if (given.length === 0) return linkLocal;
  const problems = [
    ...(builtIn ? ['user specified IP address is supported on user defined networks only'] : []),
    ...given.flatMap(({ family, text }) => (isIP(text) === family ? [] : [`invalid IPv${family} address: ${text}`])),
    ...linkLocal,
  ];
  // A subnet that the engine chose may be another one after the network was made again, except that of the built-in bridge.
  const configured = ipam.pools.filter(({ isConfigured }) => isConfigured || builtIn);
  const misplaced = given.flatMap(({ family, text }) => {
    const pools = configured.filter(({ subnet }) => parseCidr(subnet).subnet.family === family);
    if (pools.length === 0) return NO_SUBNET;
    return pools.some(({ subnet }) => isIn(subnet, text))
      ? []
      : `no configured subnet or ip-range contain the IP address ${text}`;
  });
  return [...new Set([...problems, ...misplaced])];
}

const NO_SUBNET =
  'user specified IP address is supported only when connecting to networks with user configured subnets';

function isIn(subnet: string, address: string): boolean {
  return isIP(address) !== 0 && contains(parseCidr(subnet).subnet, parseAddress(address));
}

/** 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291), of which each link has fe80::/64. */
const LINK_LOCAL = { 4: { within: '169.254.0.0/16', prefixLength: 16 }, 6: { within: 'fe80::/10', prefixLength: 64 } };

/** The further addresses of an endpoint that its client asks for. @throws EngineError failed, in Docker's words */
export function linkLocalAddresses({ IPAMConfig }: EndpointSettings): readonly PlannedAddress[] {
  return (IPAMConfig?.LinkLocalIPs ?? []).map((address) => {
    const { within, prefixLength } = LINK_LOCAL[parseAddress(address).family];
    if (!isIn(within, address)) throw failed(`invalid link local IP address: ${address}`);
    return { address, prefixLength };
  });
}

/** @throws EngineError invalid */
export function askedHardwareAddress({ MacAddress = '' }: EndpointSettings): Buffer | undefined {
  return MacAddress === '' ? undefined : parseHardwareAddress(MacAddress);
}
