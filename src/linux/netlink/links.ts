import { libc } from '../libc.ts';
import { decodeAttributes, NetlinkMessage, NLM_F, readU32, textOf, writeU32 } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

const ifNameToIndex = libc.func('unsigned int if_nametoindex(const char *name)');

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const AF_BRIDGE = 7;
const IFF_UP = 0x1;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_PROTINFO = 12;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_GROUP = 27;
const IFLA_NET_NS_FD = 28;
const IFLA_LINK_NETNSID = 37;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_STATE = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_FLUSH = 24;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** 0 when it has none. */
  readonly master: number;
  /** The link below this one or its pair, in this namespace. 0 when there is none. */
  readonly lower: number;
  /** As `lower`, by its index in another namespace. */
  readonly lowerElsewhere: number;
  readonly group: number;
  /** `veth`, `bridge`, '' for hardware. */
  readonly kind: string;
  readonly alias: string;
  readonly mtu: number;
  readonly hardwareAddress: Buffer;
}

export interface VethPair {
  /** The end in the socket's namespace: a port of the bridge, up. */
  readonly name: string;
  readonly bridgeIndex: number;
  readonly mtu: number;
  readonly group: number;
  /** The other end, which stays down. */
  readonly peer: { readonly name: string; readonly netnsFd: number; readonly hardwareAddress: Uint8Array };
}

/** RTM_NEWLINK of both ends of a veth pair. The peer is made in another namespace. EEXIST when the name is taken. */
export function newVeth(pair: VethPair): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL);
  ifinfomsg(message, { up: true });
  message.text(IFLA_IFNAME, pair.name).u32(IFLA_MTU, pair.mtu).u32(IFLA_MASTER, pair.bridgeIndex);
  message.u32(IFLA_GROUP, pair.group);
  return message.nested(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, 'veth').nested(IFLA_INFO_DATA, (data) => {
      data.nested(VETH_INFO_PEER, (peer) => {
        ifinfomsg(peer, {});
        peer.text(IFLA_IFNAME, pair.peer.name).u32(IFLA_MTU, pair.mtu).u32(IFLA_NET_NS_FD, pair.peer.netnsFd);
        peer.attribute(IFLA_ADDRESS, pair.peer.hardwareAddress);
      });
    });
  });
}

/** RTM_NEWLINK of a veth pair with both ends in the socket's namespace, down. EEXIST when a name is taken. */
export function newVethPair(pair: {
  readonly name: string;
  readonly peer: string;
  readonly mtu: number;
}): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL);
  ifinfomsg(message, {});
  message.text(IFLA_IFNAME, pair.name).u32(IFLA_MTU, pair.mtu);
  return message.nested(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, 'veth').nested(IFLA_INFO_DATA, (data) => {
      data.nested(VETH_INFO_PEER, (peer) => {
        ifinfomsg(peer, {});
        peer.text(IFLA_IFNAME, pair.peer).u32(IFLA_MTU, pair.mtu);
      });
    });
  });
}

/** RTM_NEWLINK of a bridge, down. The `hardwareAddress` is fixed, since it would change with the ports otherwise. */
export function newBridge(name: string, hardwareAddress: Uint8Array): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL);
  ifinfomsg(message, {});
  message.text(IFLA_IFNAME, name).attribute(IFLA_ADDRESS, hardwareAddress);
  return message.nested(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, 'bridge'));
}

/** The reference to a link. The kernel looks a `name` up. */
export type LinkRef = { readonly index: number } | { readonly name: string };

export interface LinkChange {
  readonly up?: boolean;
  /** A new name, for a link that is down. */
  readonly rename?: string;
  readonly alias?: string;
  /** Index of the bridge of which the link becomes a port. */
  readonly master?: number;
  readonly group?: number;
  readonly mtu?: number;
  readonly hardwareAddress?: Uint8Array;
}

/** RTM_SETLINK. ENODEV when there is no such link. */
export function setLink(ref: LinkRef, change: LinkChange): NetlinkMessage {
  const message = new NetlinkMessage(RTM_SETLINK, 0);
  addressed(message, ref, change.up === undefined ? {} : { up: change.up });
  if (change.rename !== undefined) message.text(IFLA_IFNAME, change.rename);
  if (change.alias !== undefined) message.attribute(IFLA_IFALIAS, Buffer.from(change.alias));
  if (change.master !== undefined) message.u32(IFLA_MASTER, change.master);
  if (change.group !== undefined) message.u32(IFLA_GROUP, change.group);
  if (change.mtu !== undefined) message.u32(IFLA_MTU, change.mtu);
  if (change.hardwareAddress !== undefined) message.attribute(IFLA_ADDRESS, change.hardwareAddress);
  return message;
}

/** RTM_SETLINK that moves a link into another namespace, under a new name, down. EEXIST when the name is taken there. */
export function moveLink(index: number, to: { readonly name: string; readonly netnsFd: number }): NetlinkMessage {
  const message = new NetlinkMessage(RTM_SETLINK, 0);
  addressed(message, { index }, { up: false });
  return message.text(IFLA_IFNAME, to.name).u32(IFLA_NET_NS_FD, to.netnsFd);
}

/** Makes a bridge port send frames back to where they came from (hairpin), disables it, or forgets its hardware addresses. */
export function setBridgePort(
  index: number,
  change: { readonly hairpin?: boolean; readonly disabled?: boolean; readonly flush?: boolean },
): NetlinkMessage {
  const message = new NetlinkMessage(RTM_SETLINK, 0);
  addressed(message, { index }, {}, AF_BRIDGE);
  return message.nested(IFLA_PROTINFO, (port) => {
    if (change.disabled === true) port.u8(IFLA_BRPORT_STATE, 0);
    if (change.hairpin !== undefined) port.u8(IFLA_BRPORT_MODE, change.hairpin ? 1 : 0);
    if (change.flush === true) port.attribute(IFLA_BRPORT_FLUSH, Buffer.alloc(0));
  });
}

/** RTM_DELLINK. Holds the kernel's rtnl_lock for an RCU grace period: some 20 ms. */
export function deleteLink(ref: LinkRef): NetlinkMessage {
  const message = new NetlinkMessage(RTM_DELLINK, 0);
  addressed(message, ref, {});
  return message;
}

/**
 * Deletes every link of the group in one grace period. ENODEV when it is empty. @throws RangeError for the default
 * group 0
 */
export function deleteLinkGroup(group: number): NetlinkMessage {
  if (group === 0) throw new RangeError('link group 0 holds every link');
  const message = new NetlinkMessage(RTM_DELLINK, 0);
  ifinfomsg(message, {});
  return message.u32(IFLA_GROUP, group);
}

/** The index of a link of the calling thread's namespace. Undefined when there is none of that name. */
export function linkIndex(name: string): number | undefined {
  const index = Number(ifNameToIndex(name));
  return index === 0 ? undefined : index;
}

/** Lists every link of the socket's namespace. */
export function listLinks(socket: NetlinkSocket): readonly Link[] {
  const request = new NetlinkMessage(RTM_GETLINK, 0);
  ifinfomsg(request, {});
  return socket.dump(request).map(decodeLink);
}

function decodeLink(payload: Buffer): Link {
  const attributes = decodeAttributes(payload, 16);
  const info = attributes.get(IFLA_LINKINFO);
  const number = (type: number): number => {
    const bytes = attributes.get(type);
    return bytes === undefined ? 0 : readU32(bytes);
  };
  return {
    index: readU32(payload, 4),
    name: textOf(attributes.get(IFLA_IFNAME)),
    up: (readU32(payload, 8) & IFF_UP) !== 0,
    master: number(IFLA_MASTER),
    lower: attributes.has(IFLA_LINK_NETNSID) ? 0 : number(IFLA_LINK),
    lowerElsewhere: attributes.has(IFLA_LINK_NETNSID) ? number(IFLA_LINK) : 0,
    group: number(IFLA_GROUP),
    mtu: number(IFLA_MTU),
    kind: info === undefined ? '' : textOf(decodeAttributes(info).get(IFLA_INFO_KIND)),
    alias: textOf(attributes.get(IFLA_IFALIAS)),
    hardwareAddress: attributes.get(IFLA_ADDRESS) ?? Buffer.alloc(0),
  };
}

interface LinkFlags {
  readonly index?: number;
  readonly up?: boolean;
}

/** Appends struct ifinfomsg of rtnetlink(7). */
export function ifinfomsg(message: NetlinkMessage, { index = 0, up }: LinkFlags, family = 0): void {
  const view = message.reserve(16);
  view[0] = family;
  writeU32(view, index, 4);
  if (up === undefined) return;
  writeU32(view, up ? IFF_UP : 0, 8);
  writeU32(view, IFF_UP, 12);
}

function addressed(message: NetlinkMessage, ref: LinkRef, flags: LinkFlags, family = 0): void {
  if ('index' in ref) {
    // An index of 0 would address no link, or all of them.
    if (ref.index <= 0) throw new RangeError('a link index is positive');
    ifinfomsg(message, { ...flags, index: ref.index }, family);
  } else {
    ifinfomsg(message, flags, family);
    message.text(IFLA_IFNAME, ref.name);
  }
}
