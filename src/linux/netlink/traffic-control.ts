import { ifinfomsg } from './links.ts';
import { decodeAttributes, LITTLE_ENDIAN, NetlinkMessage, NLM_F, readU32, textOf, writeU32 } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

/**
 * Traffic control of links (tc(8)): token buckets, and redirection of what a link receives to another link. Structures and
 * attributes of linux/pkt_sched.h, linux/pkt_cls.h and linux/tc_act/tc_mirred.h.
 */

const RTM_NEWLINK = 16;
const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_GETQDISC = 38;
const RTM_NEWTFILTER = 44;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINKINFO = 18;
const IFLA_GROUP = 27;
const IFLA_INFO_KIND = 1;

const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_BURST = 6;
const TCA_U32_SEL = 5;
const TCA_U32_ACT = 7;
const TCA_ACT_KIND = 1;
const TCA_ACT_OPTIONS = 2;
const TCA_MIRRED_PARMS = 2;

const TC_H_ROOT = 0xffffffff;
const TC_H_INGRESS = 0xfffffff1;
const TBF_HANDLE = 0x10000;
const INGRESS_HANDLE = 0xffff0000;
const TC_LINKLAYER_ETHERNET = 1;
const TC_U32_TERMINAL = 1;
const TC_ACT_STOLEN = 4;
const TCA_EGRESS_REDIR = 1;
/** Of a filter: the priority 1, and in the lower half ETH_P_ALL in network order. */
const ALL_PACKETS_FIRST = (1 << 16) | (LITTLE_ENDIAN ? 0x0300 : 0x0003);
const U32_MAX = 0xffffffff;

/** A token bucket (tc-tbf(8)). Packets wait while it is empty; those beyond `queueBytes` are dropped. */
export interface TokenBucket {
  readonly bytesPerSecond: number;
  /** At least the size of a frame: larger ones never pass. */
  readonly burstBytes: number;
  readonly queueBytes: number;
}

/** A queueing discipline of a link. */
export interface Qdisc {
  readonly linkIndex: number;
  /** `tbf`, `ingress`, `noqueue`. */
  readonly kind: string;
  readonly isRoot: boolean;
}

/** RTM_NEWLINK of an ifb link, down: what another link receives can be sent out by it, and so wait in its queue. */
export function newIfb(link: { readonly name: string; readonly mtu: number; readonly group: number }): NetlinkMessage {
  const message = new NetlinkMessage(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL);
  ifinfomsg(message, {});
  message.text(IFLA_IFNAME, link.name).u32(IFLA_MTU, link.mtu).u32(IFLA_GROUP, link.group);
  return message.nested(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, 'ifb'));
}

/** Limits what a link sends. It replaces the link's root queue. EOPNOTSUPP or ENOENT without the kernel's module. */
export function limitSending(linkIndex: number, bucket: TokenBucket): NetlinkMessage {
  const { bytesPerSecond, burstBytes, queueBytes } = bucket;
  const message = new NetlinkMessage(RTM_NEWQDISC, NLM_F.CREATE | NLM_F.REPLACE);
  tcmsg(message, { linkIndex, handle: TBF_HANDLE, parent: TC_H_ROOT });
  return message.text(TCA_KIND, 'tbf').nested(TCA_OPTIONS, (options) => {
    // struct tc_tbf_qopt: struct tc_ratespec of the rate and of no peak rate, then limit, buffer and MTU.
    const parms = Buffer.alloc(36);
    parms[1] = TC_LINKLAYER_ETHERNET;
    writeU32(parms, Math.min(bytesPerSecond, U32_MAX), 8);
    writeU32(parms, queueBytes, 24);
    options.attribute(TCA_TBF_PARMS, parms);
    if (bytesPerSecond > U32_MAX) options.attribute(TCA_TBF_RATE64, u64(bytesPerSecond));
    options.u32(TCA_TBF_BURST, burstBytes);
  });
}

/** Sends all that a link receives out by another link instead, from where it comes back to the first one. */
export function redirectReceived(linkIndex: number, toIndex: number): readonly NetlinkMessage[] {
  const ingress = new NetlinkMessage(RTM_NEWQDISC, NLM_F.CREATE | NLM_F.EXCL);
  tcmsg(ingress, { linkIndex, handle: INGRESS_HANDLE, parent: TC_H_INGRESS });
  ingress.text(TCA_KIND, 'ingress');
  const filter = new NetlinkMessage(RTM_NEWTFILTER, NLM_F.CREATE | NLM_F.EXCL);
  tcmsg(filter, { linkIndex, handle: 0, parent: INGRESS_HANDLE, info: ALL_PACKETS_FIRST });
  filter.text(TCA_KIND, 'u32').nested(TCA_OPTIONS, (options) => {
    // struct tc_u32_sel with one struct tc_u32_key, whose empty mask matches every packet.
    const selector = Buffer.alloc(16 + 16);
    selector[0] = TC_U32_TERMINAL;
    selector[2] = 1;
    options.attribute(TCA_U32_SEL, selector).nested(TCA_U32_ACT, (actions) => {
      actions.nested(1, (action) => {
        action.text(TCA_ACT_KIND, 'mirred').nested(TCA_ACT_OPTIONS, (mirred) => {
          // struct tc_mirred: index, capabilities, action, two counts, what to do, the link.
          const parms = Buffer.alloc(28);
          writeU32(parms, TC_ACT_STOLEN, 8);
          writeU32(parms, TCA_EGRESS_REDIR, 20);
          writeU32(parms, toIndex, 24);
          mirred.attribute(TCA_MIRRED_PARMS, parms);
        });
      });
    });
  });
  return [ingress, filter];
}

/** Undoes {@link redirectReceived}. EINVAL or ENOENT without it. */
export function receiveDirectly(linkIndex: number): NetlinkMessage {
  const message = new NetlinkMessage(RTM_DELQDISC, 0);
  tcmsg(message, { linkIndex, handle: INGRESS_HANDLE, parent: TC_H_INGRESS });
  return message;
}

/** Lists the queueing disciplines of every link of the socket's namespace. */
export function listQdiscs(socket: NetlinkSocket): readonly Qdisc[] {
  const request = new NetlinkMessage(RTM_GETQDISC, 0);
  tcmsg(request, { linkIndex: 0, handle: 0, parent: 0 });
  return socket.dump(request).map((payload) => ({
    linkIndex: readU32(payload, 4),
    kind: textOf(decodeAttributes(payload, 20).get(TCA_KIND)),
    isRoot: readU32(payload, 12) === TC_H_ROOT,
  }));
}

interface TrafficControl {
  readonly linkIndex: number;
  readonly handle: number;
  readonly parent: number;
  readonly info?: number;
}

/** Appends struct tcmsg of rtnetlink(7). */
function tcmsg(message: NetlinkMessage, { linkIndex, handle, parent, info = 0 }: TrafficControl): void {
  const view = message.reserve(20);
  writeU32(view, linkIndex, 4);
  writeU32(view, handle, 8);
  writeU32(view, parent, 12);
  writeU32(view, info, 16);
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  new BigUint64Array(bytes.buffer, bytes.byteOffset, 1)[0] = BigInt(value);
  return bytes;
}
