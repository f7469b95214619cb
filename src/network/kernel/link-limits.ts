import { failed } from '../../base/errors.ts';
import {
  limitSending,
  linkIndex,
  listLinks,
  listQdiscs,
  newIfb,
  receiveDirectly,
  redirectReceived,
  setLink,
} from '../../linux/index.ts';
import { type KernelHandles, staleLinkGroup } from './kernel-handles.ts';
import { kernelWords } from './parent-links.ts';
import type { BridgePort, LinkLimits, PresentLink } from './protocol.ts';

/**
 * Limits of containers' traffic, on the kernel thread. All parts are on the host, where a container cannot remove them.
 * Traffic to a container waits in a token bucket of its link's end on the host. What that end receives from the container
 * is sent out by a link of its own, the shaper, whose token bucket it waits in, and comes back to the end.
 */

/**
 * Limits the traffic of a link, by the name of its end on the host. Parts that are there are kept or replaced.
 * @throws EngineError failed, where the kernel lacks a part
 */
export function limitLink(handles: KernelHandles, hostLink: string, limits: LinkLimits): void {
  const { netlink, config } = handles;
  const { toContainer, fromContainer, shaper, mtu } = limits;
  const index = linkIndex(hostLink);
  if (index === undefined) throw new Error(`link ${hostLink} not found`);
  try {
    if (toContainer !== undefined) netlink.execute(limitSending(index, toContainer));
    if (fromContainer === undefined) return;
    if (linkIndex(shaper) === undefined) netlink.execute(newIfb({ name: shaper, mtu, group: config.linkGroup }));
    const shaperIndex = linkIndex(shaper) ?? 0;
    netlink.execute(limitSending(shaperIndex, fromContainer), setLink({ index: shaperIndex }, { up: true }));
    // One that redirects to a former shaper drops every packet.
    netlink.transact([receiveDirectly(index)]);
    netlink.execute(...redirectReceived(index, shaperIndex));
  } catch (error) {
    throw failed(`failed to limit the traffic of ${hostLink}: ${kernelWords(error)}`);
  }
}

/** Gives the shapers of links to the group that is deleted soon. Missing ones are success. */
export function retireShapers({ netlink, config }: KernelHandles, links: readonly PresentLink[]): void {
  const shapers = links.flatMap((link) => (link.at === 'host' ? (linkIndex(link.limits?.shaper ?? '') ?? []) : []));
  if (shapers.length > 0)
    netlink.transact(shapers.map((index) => setLink({ index }, { group: staleLinkGroup(config) })));
}

/** Limits links again whose limits others have removed. Returns the names of the links. @throws EngineError failed */
export function repairLimits(handles: KernelHandles, ports: readonly BridgePort[]): readonly string[] {
  const limited = ports.flatMap(({ hostLink, limits }) => (limits === undefined ? [] : [{ hostLink, limits }]));
  if (limited.length === 0) return [];
  const links = new Map(listLinks(handles.netlink).map((link) => [link.name, link]));
  const qdiscs = new Set(listQdiscs(handles.netlink).map(({ linkIndex: index, kind }) => `${index} ${kind}`));
  const has = (link: { readonly index: number; readonly up: boolean } | undefined, kind: string): boolean =>
    link?.up === true && qdiscs.has(`${link.index} ${kind}`);
  const damaged = limited.filter(({ hostLink, limits: { shaper, toContainer, fromContainer } }) => {
    const end = links.get(hostLink);
    // A link that was deleted meanwhile has nothing to limit.
    if (end === undefined) return false;
    const isLimitedIn = toContainer === undefined || has(end, 'tbf');
    const isLimitedOut = fromContainer === undefined || (has(end, 'ingress') && has(links.get(shaper), 'tbf'));
    return !isLimitedIn || !isLimitedOut;
  });
  for (const { hostLink, limits } of damaged) limitLink(handles, hostLink, limits);
  return damaged.map(({ hostLink }) => hostLink);
}
