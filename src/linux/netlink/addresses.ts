import { AF, type Family, familyOf, ipBytes, ipText } from './ip-bytes.ts';
import { decodeAttributes, NetlinkMessage, NLM_F, readU32, textOf, writeU16, writeU32 } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTM_NEWNEIGH = 28;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
/** The address is used at once, without a test whether another host has it (RFC 4862 section 5.4). */
const IFA_F_NODAD = 0x02;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_TABLE = 15;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RT_SCOPE_LINK = 253;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NUD_STALE = 0x4;
/** AF_UNSPEC asks for all families. */
const AF_UNSPEC = 0;

/** An address with its prefix length on a link. */
export interface LinkAddress {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** RTM_NEWADDR; for IPv4 with the subnet's broadcast address. EEXIST when the link has the address. */
export function addAddress({ index, address, prefixLength }: LinkAddress): NetlinkMessage {
  const family = familyOf(address);
  const bytes = ipBytes(address);
  const message = new NetlinkMessage(RTM_NEWADDR, NLM_F.CREATE | NLM_F.EXCL);
  const flags = family === 6 ? IFA_F_NODAD : 0;
  ifaddrmsg(message, { family: AF[family], prefixLength, index, flags });
  message.attribute(IFA_LOCAL, bytes).attribute(IFA_ADDRESS, bytes);
  if (family === 4 && prefixLength < 31) {
    const broadcast = Buffer.alloc(4);
    const hosts = 2 ** (32 - prefixLength) - 1;
    broadcast.writeUInt32BE((bytes.readUInt32BE(0) | hosts) >>> 0);
    message.attribute(IFA_BROADCAST, broadcast);
  }
  return message;
}

/** RTM_DELADDR. EADDRNOTAVAIL when the link has no such address. */
export function deleteAddress({ index, address, prefixLength }: LinkAddress): NetlinkMessage {
  const message = new NetlinkMessage(RTM_DELADDR, 0);
  ifaddrmsg(message, { family: AF[familyOf(address)], prefixLength, index });
  return message.attribute(IFA_LOCAL, ipBytes(address));
}

/** Lists every address of the socket's namespace, except the link-local ones that the kernel gives links for IPv6. */
export function listAddresses(socket: NetlinkSocket): readonly (LinkAddress & { readonly label: string })[] {
  const request = new NetlinkMessage(RTM_GETADDR, 0);
  ifaddrmsg(request, { family: AF_UNSPEC, prefixLength: 0, index: 0 });
  const found: (LinkAddress & { label: string })[] = [];
  for (const payload of socket.dump(request)) {
    const attributes = decodeAttributes(payload, 8);
    const local = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    const [family, prefixLength = 0, , scope] = payload;
    if (local === undefined || !isIp(family) || (family === AF[6] && scope === RT_SCOPE_LINK)) continue;
    found.push({
      index: readU32(payload, 4),
      address: ipText(local),
      prefixLength,
      label: textOf(attributes.get(IFA_LABEL)),
    });
  }
  return found;
}

/** RTM_NEWROUTE of the default route of the gateway's family. */
export function addDefaultRoute(gateway: string, linkIndex: number): NetlinkMessage {
  return newDefaultRoute(gateway, linkIndex, NLM_F.EXCL);
}

/** RTM_NEWROUTE of the default route of the gateway's family, in place of another one. */
export function replaceDefaultRoute(gateway: string, linkIndex: number): NetlinkMessage {
  return newDefaultRoute(gateway, linkIndex, NLM_F.REPLACE);
}

function newDefaultRoute(gateway: string, linkIndex: number, flag: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWROUTE, NLM_F.CREATE | flag);
  rtmsg(message, AF[familyOf(gateway)], RT_TABLE_MAIN);
  return message.attribute(RTA_GATEWAY, ipBytes(gateway)).u32(RTA_OIF, linkIndex);
}

/** RTM_NEWROUTE of a default route that is the link itself, without a gateway. */
export function addDirectRoute(family: Family, linkIndex: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWROUTE, NLM_F.CREATE);
  const header = rtmsg(message, AF[family], RT_TABLE_MAIN);
  header[6] = family === 4 ? RT_SCOPE_LINK : 0;
  return message.u32(RTA_OIF, linkIndex);
}

/** RTM_NEWROUTE of a route to a network, by a gateway, or by the link itself when `gateway` is ''. */
export function addRoute(
  to: { readonly address: string; readonly prefixLength: number; readonly gateway: string },
  linkIndex: number,
): NetlinkMessage {
  const family = familyOf(to.address);
  const message = new NetlinkMessage(RTM_NEWROUTE, NLM_F.CREATE | NLM_F.EXCL);
  const header = rtmsg(message, AF[family], RT_TABLE_MAIN);
  header[1] = to.prefixLength;
  header[6] = family === 4 && to.gateway === '' ? RT_SCOPE_LINK : 0;
  message.attribute(RTA_DST, ipBytes(to.address));
  if (to.gateway !== '') message.attribute(RTA_GATEWAY, ipBytes(to.gateway));
  return message.u32(RTA_OIF, linkIndex);
}

/** RTM_DELROUTE of the default route by a link. ESRCH when there is none. */
export function deleteDefaultRoute(family: Family, linkIndex: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_DELROUTE, 0);
  rtmsg(message, AF[family], RT_TABLE_MAIN);
  return message.u32(RTA_OIF, linkIndex);
}

/** A unicast route. The default route has the prefix length 0. */
export interface Route {
  readonly family: Family;
  readonly destination: string;
  readonly prefixLength: number;
  readonly linkIndex: number;
  readonly hasGateway: boolean;
}

/** Lists the unicast routes of all tables but `local`, except those to the link-local addresses of IPv6. */
export function listRoutes(socket: NetlinkSocket): readonly Route[] {
  const request = new NetlinkMessage(RTM_GETROUTE, 0);
  rtmsg(request, AF_UNSPEC, 0);
  const found: Route[] = [];
  for (const payload of socket.dump(request)) {
    const attributes = decodeAttributes(payload, 12);
    const table = attributes.get(RTA_TABLE);
    if (!isIp(payload[0]) || payload[7] !== RTN_UNICAST) continue;
    if ((table === undefined ? payload[4] : readU32(table)) === RT_TABLE_LOCAL) continue;
    const family = payload[0] === AF[6] ? 6 : 4;
    const link = attributes.get(RTA_OIF);
    const to = attributes.get(RTA_DST);
    if (family === 6 && to !== undefined && isLinkLocal(to)) continue;
    found.push({
      family,
      destination: to === undefined ? ANYWHERE[family] : ipText(to),
      prefixLength: payload.readUInt8(1),
      linkIndex: link === undefined ? 0 : readU32(link),
      hasGateway: attributes.has(RTA_GATEWAY),
    });
  }
  return found;
}

const ANYWHERE: Readonly<Record<Family, string>> = { 4: '0.0.0.0', 6: '::' };

/** Replaces the host's entry of a neighbour, whose address may have belonged to another hardware address. */
export function replaceNeighbour(linkIndex: number, address: string, hardwareAddress: Uint8Array): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWNEIGH, NLM_F.CREATE | NLM_F.REPLACE);
  const ndmsg = message.reserve(12);
  ndmsg[0] = AF[familyOf(address)];
  writeU32(ndmsg, linkIndex, 4);
  writeU16(ndmsg, NUD_STALE, 8);
  return message.attribute(NDA_DST, ipBytes(address)).attribute(NDA_LLADDR, hardwareAddress);
}

function isIp(family: number | undefined): boolean {
  return family === AF[4] || family === AF[6];
}

/** fe80::/10 (RFC 4291 section 2.5.6). */
function isLinkLocal(address: Uint8Array): boolean {
  return address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
}

interface AddressHeader {
  readonly family: number;
  readonly prefixLength: number;
  readonly index: number;
  readonly flags?: number;
}

/** Appends struct ifaddrmsg of rtnetlink(7). */
function ifaddrmsg(message: NetlinkMessage, { family, prefixLength, index, flags = 0 }: AddressHeader): void {
  const view = message.reserve(8);
  view[0] = family;
  view[1] = prefixLength;
  view[2] = flags;
  writeU32(view, index, 4);
}

/** Appends struct rtmsg of rtnetlink(7), of a unicast route to everywhere. */
/** Appends struct rtmsg of rtnetlink(7). Returns a view of it, which is valid until the next append. */
function rtmsg(message: NetlinkMessage, family: number, table: number): Buffer {
  const view = message.reserve(12);
  view[0] = family;
  view[4] = table;
  view[5] = RTPROT_BOOT;
  view[7] = RTN_UNICAST;
  return view;
}
