import { AF_INET, ipv4Bytes } from './addresses.ts';
import { NetlinkMessage } from './message.ts';

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_DELETE = 2;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const CTA_TUPLE_IP = 1;
const CTA_IP_V4_SRC = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const IPPROTO_UDP = 17;
/** The parts of a tuple that a filter compares: net/netfilter/nf_internals.h. */
const MATCH = { SOURCE: 1 << 0, PROTOCOL: 1 << 3, DESTINATION_PORT: 1 << 5 };

/**
 * Deletes the IPv4 UDP flows to a port, or only those whose replies come from the address `answeredBy`. The next datagram meets the current
 * rules. For a socket of NETLINK.NETFILTER. ENOENT when there is none; kernels before 5.8 refuse with an error.
 */
export function forgetUdpFlows(port: number, answeredBy?: string): NetlinkMessage {
  const message = new NetlinkMessage((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE, 0);
  message.reserve(4)[0] = AF_INET;
  message.nested(CTA_TUPLE_ORIG, (tuple) =>
    tuple.nested(CTA_TUPLE_PROTO, (protocol) =>
      protocol.u8(CTA_PROTO_NUM, IPPROTO_UDP).attribute(CTA_PROTO_DST_PORT, Uint8Array.of(port >> 8, port & 255)),
    ),
  );
  if (answeredBy !== undefined) {
    message.nested(CTA_TUPLE_REPLY, (tuple) =>
      tuple.nested(CTA_TUPLE_IP, (address) => address.attribute(CTA_IP_V4_SRC, ipv4Bytes(answeredBy))),
    );
  }
  return message.nested(CTA_FILTER, (filter) => {
    filter.u32(CTA_FILTER_ORIG_FLAGS, MATCH.PROTOCOL | MATCH.DESTINATION_PORT);
    if (answeredBy !== undefined) filter.u32(CTA_FILTER_REPLY_FLAGS, MATCH.SOURCE);
  });
}
