import {
  bindHostPort,
  boundPort,
  closeSocket,
  NETLINK,
  NetlinkSocket,
  NFNL_SUBSYS_NFTABLES,
  rewritePort,
} from '../../linux/index.ts';
import { NAME_SERVER_ADDRESS, type NameSockets } from '../../spec/index.ts';

const TABLE = 'gantry_names';
const DNS_PORT = 53;

/**
 * Opens the sockets that receive the DNS queries of the calling thread's namespace. They have free ports, which stand
 * for port 53: a container may use that port itself. `isNew` tells that the namespace never had such sockets. The
 * caller closes them. @throws SyscallError
 */
export function openNameSockets({ isNew }: { readonly isNew: boolean }): NameSockets {
  const udp = bindHostPort({ protocol: 'udp', address: NAME_SERVER_ADDRESS, port: 0 });
  let tcp: number | undefined;
  try {
    tcp = bindHostPort({ protocol: 'tcp', address: NAME_SERVER_ADDRESS, port: 0 });
    using inside = new NetlinkSocket(NETLINK.NETFILTER);
    const sockets = { udp: boundPort(udp), tcp: boundPort(tcp) };
    const rules = rewritePort({ table: TABLE, address: NAME_SERVER_ADDRESS, port: DNS_PORT, sockets, isNew });
    inside.commit(NFNL_SUBSYS_NFTABLES, rules);
    return { udp, tcp };
  } catch (error) {
    closeSocket(udp);
    if (tcp !== undefined) closeSocket(tcp);
    throw error;
  }
}

export function closeNameSockets({ udp, tcp }: NameSockets): void {
  closeSocket(udp);
  closeSocket(tcp);
}
