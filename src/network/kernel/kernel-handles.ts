import type { HomeNamespace, NetlinkSocket, PacketSocket } from '../../linux/index.ts';
import type { KernelConfig } from './protocol.ts';

/** What the kernel thread works with. */
export interface KernelHandles {
  readonly config: KernelConfig;
  readonly home: HomeNamespace;
  readonly netlink: NetlinkSocket;
  readonly packets: PacketSocket;
}

/** The bridges of networks, for links of containers. */
export interface BridgePlaces {
  /** Returns the bridge for the next link of a network. @throws SyscallError, Error for a missing bridge */
  place(bridge: string): LowerLink;
  /** The bridges of a network, one of which a link is a port of. */
  indexes(bridge: string): ReadonlySet<number>;
}

/** What a container's link is above on the host, by indices. */
export interface LowerLink {
  /** The parent, or the bridge of which the link is a port. */
  readonly index: number;
  /** The bridge with the addresses of the network's gateways. The parent for other kinds of links. */
  readonly gateway: number;
}

/** What the work on links of containers needs. */
export interface LinkHandles extends KernelHandles {
  readonly places: BridgePlaces;
}

/** The mark of a link that an engine made on the host. It names the engine, so that only that engine removes it. */
export function ownMark({ config }: Pick<KernelHandles, 'config'>): string {
  return `gantry:${config.table}`;
}

/** Whether a link's group is the engine's, for links in use and for stale ones. */
export function isOurGroup(config: KernelConfig, group: number): boolean {
  return group === config.linkGroup || group === staleLinkGroup(config);
}

/** Stale links have a group of their own, so that one request deletes them all. */
export function staleLinkGroup({ linkGroup }: KernelConfig): number {
  return (linkGroup ^ 1) >>> 0;
}
