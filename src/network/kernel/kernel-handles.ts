import type { HomeNamespace, NetlinkSocket, PacketSocket } from '../../linux/index.ts';
import type { KernelConfig } from './protocol.ts';

/** What the kernel thread works with. */
export interface KernelHandles {
  readonly config: KernelConfig;
  readonly home: HomeNamespace;
  readonly netlink: NetlinkSocket;
  readonly packets: PacketSocket;
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
