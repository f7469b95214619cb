import { isIPv4 } from 'node:net';
import { decodeAttributes, NetlinkMessage, NLM_F, readU32, textOf, writeU16, writeU32 } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

export const AF_INET = 2;
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
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_TABLE = 15;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NUD_STALE = 0x4;

/** An IPv4 address with its prefix length on a link. */
export interface LinkAddress {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** RTM_NEWADDR with the subnet's broadcast address. EEXIST when the link has the address. */
export function addAddress({ index, address, prefixLength }: LinkAddress): NetlinkMessage {
  const bytes = ipv4Bytes(address);
  const message = new NetlinkMessage(RTM_NEWADDR, NLM_F.CREATE | NLM_F.EXCL);
  ifaddrmsg(message, AF_INET, prefixLength, index);
  message.attribute(IFA_LOCAL, bytes).attribute(IFA_ADDRESS, bytes);
  if (prefixLength < 31) {
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
  ifaddrmsg(message, AF_INET, prefixLength, index);
  return message.attribute(IFA_LOCAL, ipv4Bytes(address));
}

/** Lists every IPv4 address of the socket's namespace. */
export function listAddresses(socket: NetlinkSocket): readonly (LinkAddress & { readonly label: string })[] {
  const request = new NetlinkMessage(RTM_GETADDR, 0);
  ifaddrmsg(request, AF_INET, 0, 0);
  const found: (LinkAddress & { label: string })[] = [];
  for (const payload of socket.dump(request)) {
    const attributes = decodeAttributes(payload, 8);
    const local = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (payload[0] !== AF_INET || local?.length !== 4) continue;
    found.push({
      index: readU32(payload, 4),
      address: local.join('.'),
      prefixLength: payload.readUInt8(1),
      label: textOf(attributes.get(IFA_LABEL)),
    });
  }
  return found;
}

/** RTM_NEWROUTE of the default route. */
export function addDefaultRoute(gateway: string, linkIndex: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWROUTE, NLM_F.CREATE | NLM_F.EXCL);
  rtmsg(message, RT_TABLE_MAIN);
  return message.attribute(RTA_GATEWAY, ipv4Bytes(gateway)).u32(RTA_OIF, linkIndex);
}

/** RTM_NEWROUTE of the default route, in place of another one. */
export function replaceDefaultRoute(gateway: string, linkIndex: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWROUTE, NLM_F.CREATE | NLM_F.REPLACE);
  rtmsg(message, RT_TABLE_MAIN);
  return message.attribute(RTA_GATEWAY, ipv4Bytes(gateway)).u32(RTA_OIF, linkIndex);
}

/** RTM_DELROUTE of the default route by a link. ESRCH when there is none. */
export function deleteDefaultRoute(linkIndex: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_DELROUTE, 0);
  rtmsg(message, RT_TABLE_MAIN);
  return message.u32(RTA_OIF, linkIndex);
}

/**
 * Destinations (`a.b.c.d`, prefix length) of the IPv4 unicast routes of all tables but `local`. The default route is
 * /0.
 */
export function listRoutes(
  socket: NetlinkSocket,
): readonly { readonly destination: string; readonly prefixLength: number; readonly linkIndex: number }[] {
  const request = new NetlinkMessage(RTM_GETROUTE, 0);
  rtmsg(request, 0);
  const found = [];
  for (const payload of socket.dump(request)) {
    const attributes = decodeAttributes(payload, 12);
    const table = attributes.get(RTA_TABLE);
    if (payload[0] !== AF_INET || payload[7] !== RTN_UNICAST) continue;
    if ((table === undefined ? payload[4] : readU32(table)) === RT_TABLE_LOCAL) continue;
    const link = attributes.get(RTA_OIF);
    found.push({
      destination: attributes.get(RTA_DST)?.join('.') ?? '0.0.0.0',
      prefixLength: payload.readUInt8(1),
      linkIndex: link === undefined ? 0 : readU32(link),
    });
  }
  return found;
}

/** Replaces the host's entry of a neighbour, whose address may have belonged to another hardware address. */
export function replaceNeighbour(linkIndex: number, address: string, hardwareAddress: Uint8Array): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWNEIGH, NLM_F.CREATE | NLM_F.REPLACE);
  const ndmsg = message.reserve(12);
  ndmsg[0] = AF_INET;
  writeU32(ndmsg, linkIndex, 4);
  writeU16(ndmsg, NUD_STALE, 8);
  return message.attribute(NDA_DST, ipv4Bytes(address)).attribute(NDA_LLADDR, hardwareAddress);
}

/** @throws RangeError for anything but four decimal numbers */
export function ipv4Bytes(address: string): Buffer {
  if (!isIPv4(address)) throw new RangeError(`not an IPv4 address: ${address}`);
  return Buffer.from(address.split('.').map(Number));
}

function ifaddrmsg(message: NetlinkMessage, family: number, prefixLength: number, index: number): void {
  const view = message.reserve(8);
  view[0] = family;
  view[1] = prefixLength;
  writeU32(view, index, 4);
}

/** Appends struct rtmsg of rtnetlink(7), of a unicast route to everywhere. */
function rtmsg(message: NetlinkMessage, table: number): void {
  const view = message.reserve(12);
  view[0] = AF_INET;
  view[4] = table;
  view[5] = RTPROT_BOOT;
  view[7] = RTN_UNICAST;
}
