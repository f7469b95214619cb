import { AF, type Family } from './ip-bytes.ts';
import { NetlinkMessage } from './message.ts';

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_DELETE = 2;
const CTA_TUPLE_ORIG = 1;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const IPPROTO_UDP = 17;
/** The parts of a tuple that a filter compares: net/netfilter/nf_internals.h. */
const MATCH = { PROTOCOL: 1 << 3, DESTINATION_PORT: 1 << 5 };

/**
 * Deletes the UDP flows to a port. The next datagram meets the current rules. For a socket of NETLINK.NETFILTER. ENOENT
 * when there is none; kernels before 5.8 refuse with an error.
 */
export function forgetUdpFlows(family: Family, port: number): NetlinkMessage {
  const message = new NetlinkMessage((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE, 0);
  message.reserve(4)[0] = AF[family];
  message.nested(CTA_TUPLE_ORIG, (tuple) =>
    tuple.nested(CTA_TUPLE_PROTO, (protocol) =>
      protocol.u8(CTA_PROTO_NUM, IPPROTO_UDP).attribute(CTA_PROTO_DST_PORT, Uint8Array.of(port >> 8, port & 255)),
    ),
  );
  return message.nested(CTA_FILTER, (filter) =>
    filter.u32(CTA_FILTER_ORIG_FLAGS, MATCH.PROTOCOL | MATCH.DESTINATION_PORT),
  );
}
