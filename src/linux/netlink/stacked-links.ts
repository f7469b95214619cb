import { ifinfomsg } from './links.ts';
import { NetlinkMessage, NLM_F } from './message.ts';

/**
 * Links above another link of the host (macvlan, ipvlan, VLAN devices), and dummy links, which have nothing below them.
 * Attributes of linux/if_link.h.
 */

const RTM_NEWLINK = 16;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_VLAN_ID = 1;

const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

export type MacvlanMode = keyof typeof MACVLAN_MODES;
export type IpvlanMode = keyof typeof IPVLAN_MODES;
export type IpvlanFlag = keyof typeof IPVLAN_FLAGS;

export interface StackedLink {
  readonly name: string;
  /** Index of the link below, in the socket's namespace. */
  readonly lowerIndex: number;
}

/** A stacked link that is made in another namespace. */
export interface MovedLink extends StackedLink {
  readonly netnsFd: number;
}

/** RTM_NEWLINK, down. EOPNOTSUPP without the kernel's module. EINVAL above a link that another one has to itself. */
export function newMacvlan(link: MovedLink, mode: MacvlanMode): NetlinkMessage {
  return stacked(link, 'macvlan', (data) => data.u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[mode]));
}

/** RTM_NEWLINK, down. EOPNOTSUPP without the kernel's module. EBUSY above a link that has macvlan links. */
export function newIpvlan(link: MovedLink, mode: IpvlanMode, flag: IpvlanFlag): NetlinkMessage {
  return stacked(link, 'ipvlan', (data) =>
    data.u16(IFLA_IPVLAN_MODE, IPVLAN_MODES[mode]).u16(IFLA_IPVLAN_FLAGS, IPVLAN_FLAGS[flag]),
  );
}

/** RTM_NEWLINK, down. `id` is from 1 to 4094. EOPNOTSUPP without the kernel's module. */
export function newVlan(link: StackedLink, id: number): NetlinkMessage {
  return stacked(link, 'vlan', (data) => data.u16(IFLA_VLAN_ID, id));
}

/** RTM_NEWLINK, down. EOPNOTSUPP without the kernel's module. */
export function newDummy(name: string): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL);
  ifinfomsg(message, {});
  return message.text(IFLA_IFNAME, name).nested(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, 'dummy'));
}

function stacked(
  link: StackedLink | MovedLink,
  kind: string,
  fill: (data: NetlinkMessage) => NetlinkMessage,
): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL);
  ifinfomsg(message, {});
  message.text(IFLA_IFNAME, link.name).u32(IFLA_LINK, link.lowerIndex);
  if ('netnsFd' in link) message.u32(IFLA_NET_NS_FD, link.netnsFd);
  return message.nested(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, kind).nested(IFLA_INFO_DATA, fill);
  });
}
