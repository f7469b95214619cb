import { errnoOf, failed, messageOf } from '../../base/errors.ts';
import {
  addAddress,
  addDefaultRoute,
  addDirectRoute,
  addRoute,
  deleteLinkGroup,
  linkIndex,
  listLinks,
  moveLink,
  NetlinkSocket,
  newIpvlan,
  newMacvlan,
  newVeth,
  PacketSocket,
  removeNetworkNamespace,
  replaceNeighbour,
  setBridgePort,
  setLink,
  writeSysctl,
} from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import { removeInnerLinks } from './inner-links.ts';
import { type KernelHandles, type LinkHandles, type LowerLink, staleLinkGroup } from './kernel-handles.ts';
import { limitLink, retireShapers } from './link-limits.ts';
import { closeNameSockets, openNameSockets } from './name-sockets.ts';
import { kernelWords, requireParent } from './parent-links.ts';
import {
  type BridgePort,
  type LinkPlan,
  type PlannedRoute,
  presentLink,
  type SandboxPlan,
  type SandboxRemoval,
} from './protocol.ts';

/**
 * Makes the namespace with its links, addresses and settings, or leaves nothing. Returns its sockets for DNS queries
 * when it has names. Blocks on rtnl_lock. @throws SyscallError
 */
export function makeSandbox(handles: LinkHandles, plan: SandboxPlan): NameSockets | undefined {
  const below = plan.links.map((link) => ({ link, lower: lowerLink(handles, link) }));
  const furnish = (netnsFd: number): NameSockets | undefined => {
    using inside = new NetlinkSocket();
    for (const { link, lower } of below) addLink(handles, link, { netnsFd, inside, lower });
    inside.execute(setLink({ name: 'lo' }, { up: true }));
    for (const [key, value] of DEFAULT_SYSCTLS) setSysctl(key, value, { optional: true });
    for (const [key, value] of plan.sysctls) setSysctl(key, value);
    return plan.hasNames ? openNameSockets({ isNew: true }) : undefined;
  };
  const sockets = handles.home.create(plan.netnsPath, furnish, plan);
  try {
    for (const link of plan.links) setUpHostEnd(handles, link);
    return sockets;
  } catch (error) {
    if (sockets !== undefined) closeNameSockets(sockets);
    removeNetworkNamespace(plan.netnsPath);
    retireShapers(handles, plan.links.map(presentLink));
    deleteStaleLinks(handles);
    throw error;
  }
}

interface NewLink {
  readonly netnsFd: number;
  readonly inside: NetlinkSocket;
  readonly lower: LowerLink;
}

/** Finds or makes what a link is above on the host. @throws EngineError failed, in Docker's words */
export function lowerLink(handles: LinkHandles, plan: LinkPlan): LowerLink {
  if (plan.kind === 'veth') return handles.places.place(plan.bridge);
  if (plan.kind === 'moved') return movedLink(plan.source);
  const index = requireParent(handles, plan.parent);
  return { index, gateway: index };
}

/** @throws EngineError failed when the plugin has not made its interface */
function movedLink(source: string): LowerLink {
  const index = linkIndex(source);
  if (index === undefined) throw failed(`could not find an interface ${JSON.stringify(source)} of the network plugin`);
  return { index, gateway: index };
}

/** Runs inside the sandbox's namespace. `netlink` still works on the host's. */
export function addLink(handles: KernelHandles, plan: LinkPlan, at: NewLink): void {
  makeLink(handles, plan, at);
  setIpv6(plan);
  const { inside } = at;
  const index = requireLink(plan.name);
  if ((plan.kind === 'macvlan' || plan.kind === 'moved') && plan.hardwareAddress !== '') {
    inside.execute(setLink({ index }, { hardwareAddress: Buffer.from(plan.hardwareAddress, 'hex') }));
  }
  inside.execute(
    ...plan.addresses.map((address) => addAddress({ index, ...address })),
    setLink({ index }, { up: true }),
    ...plan.gateways.map((gateway) => addDefaultRoute(gateway, index)),
    ...(plan.kind === 'ipvlan' ? plan.direct : []).map((family) => addDirectRoute(family, index)),
  );
  if (plan.kind === 'moved') addRoutes(inside, plan.routes, index);
  announce(handles, plan, { index, inside, lower: at.lower });
}

/** @throws EngineError failed for a route that the plugin should not have asked for */
function addRoutes(inside: NetlinkSocket, routes: readonly PlannedRoute[], index: number): void {
  for (const route of routes) {
    try {
      inside.execute(addRoute(route, index));
    } catch (error) {
      const text = `${route.address}/${route.prefixLength}${route.gateway === '' ? '' : ` by ${route.gateway}`}`;
      throw failed(`cannot set the route to ${text}, which the network plugin asks for: ${kernelWords(error)}`);
    }
  }
}

/** Makes the link in the sandbox, down. */
function makeLink({ config, netlink }: KernelHandles, plan: LinkPlan, { netnsFd, lower }: NewLink): void {
  if (plan.kind === 'veth') {
    const peer = { name: plan.name, netnsFd, hardwareAddress: Buffer.from(plan.hardwareAddress, 'hex') };
    const { hostName: name, mtu } = plan;
    try {
      netlink.execute(newVeth({ name, bridgeIndex: lower.index, mtu, group: config.linkGroup, peer }));
    } catch (error) {
      if (errnoOf(error) !== 'EXFULL') throw error;
      throw failed(`bridge ${plan.bridge} is full: a network with enable_icc=false takes at most 1,023 containers`);
    }
    return;
  }
  if (plan.kind === 'moved') {
    netlink.execute(moveLink(lower.index, { name: plan.name, netnsFd }));
    return;
  }
  const link = { name: plan.name, lowerIndex: lower.index, netnsFd };
  try {
    netlink.execute(plan.kind === 'macvlan' ? newMacvlan(link, plan.mode) : newIpvlan(link, plan.mode, plan.flag));
  } catch (error) {
    throw failed(`failed to create the ${plan.kind} port: ${kernelWords(error)}`);
  }
}

/**
 * Tells the host and other machines who has the addresses now: they may remember who had them before. On a bridge the
 * announcement is sent by the bridge itself, since the new port needs a moment.
 */
function announce(
  { netlink, packets }: KernelHandles,
  plan: LinkPlan,
  at: { readonly index: number; readonly inside: NetlinkSocket; readonly lower: LowerLink },
): void {
  if (plan.kind === 'ipvlan') return;
  const hardwareAddress =
    plan.hardwareAddress === '' ? hardwareAddressOf(at) : Buffer.from(plan.hardwareAddress, 'hex');
  if (plan.kind === 'veth') {
    for (const { address } of plan.addresses) {
      netlink.execute(replaceNeighbour(at.lower.gateway, address, hardwareAddress));
      packets.announce(at.lower.index, address, hardwareAddress);
    }
    return;
  }
  // A link of another kind than Ethernet, such as a tunnel, has no neighbours to tell.
  if (hardwareAddress.length !== 6) return;
  using packetsInside = new PacketSocket();
  for (const { address } of plan.addresses) {
    try {
      packetsInside.announce(at.index, address, hardwareAddress);
    } catch (error) {
      // The parent is down, or has no carrier.
      if (!['ENETDOWN', 'ENXIO', 'ENOBUFS'].includes(errnoOf(error) ?? '')) throw error;
    }
  }
}

/** Returns no bytes for a link that has none. */
function hardwareAddressOf(at: { readonly index: number; readonly inside: NetlinkSocket }): Buffer {
  return listLinks(at.inside).find(({ index }) => index === at.index)?.hardwareAddress ?? Buffer.alloc(0);
}

/** On a network without IPv6 the link has none either: no router discovery, no multicast. */
function setIpv6(plan: LinkPlan): void {
  const { kind, name, addresses } = plan;
  const hasIpv6 = addresses.some(({ address }) => address.includes(':'));
  const folder = `net/ipv6/conf/${name}`;
  setSysctl(`${folder}/disable_ipv6`, hasIpv6 ? '0' : '1', { optional: !hasIpv6 });
  if (!hasIpv6) return;
  // The engine sets addresses and routes. A neighbour that announces itself as a router gets no traffic, except above an
  // interface of the host, whose network has routers.
  if (kind === 'veth' || kind === 'moved' || !plan.hasRouters) setSysctl(`${folder}/accept_ra`, '0');
  if (kind !== 'veth') return;
  // The link-local address follows from a random hardware address, and is usable at once.
  setSysctl(`${folder}/accept_dad`, '0');
}

export function requireLink(name: string): number {
  const index = linkIndex(name);
  if (index === undefined) throw new Error(`link ${name} not found`);
  return index;
}

/**
 * Sets up a link's end on the host. With br_netfilter a container's connection to its own published port stays on the
 * bridge, and must leave by the port on which it came. @throws EngineError failed, where the kernel lacks what limits need
 */
export function setUpHostEnd(handles: KernelHandles, plan: LinkPlan): void {
  if (plan.kind !== 'veth') return;
  handles.netlink.execute(setBridgePort(requireLink(plan.hostName), { hairpin: true }));
  if (plan.limits !== undefined) limitLink(handles, plan.hostName, plan.limits);
}

/** Docker's defaults for every sandbox: ports below 1024 and ping need no privileges. */
const DEFAULT_SYSCTLS = [
  ['net/ipv4/ip_unprivileged_port_start', '0'],
  ['net/ipv4/ping_group_range', '0 2147483647'],
] as const;

/** @throws Error in runc's words */
export function setSysctl(key: string, value: string, options: { readonly optional?: boolean } = {}): void {
  try {
    writeSysctl(key, value);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' && options.optional === true) return;
    if (code === 'ENOENT') throw new Error(`open /proc/sys/${key}: no such file or directory`, { cause: error });
    const reason = code === 'EINVAL' ? 'invalid argument' : messageOf(error);
    throw new Error(`write /proc/sys/${key}: ${reason}`, { cause: error });
  }
}

/**
 * Takes the sandbox off the network at once, so that its address can be reused. The kernel's own worker deletes the
 * namespace with its links later, in batches. Links that stay, since a process holds their namespace, are deleted by
 * {@link deleteStaleLinks}. Missing parts are success.
 */
export function removeSandbox(handles: KernelHandles, removal: Pick<SandboxRemoval, 'netnsPath' | 'links'>): void {
  for (const { at, name } of removal.links) if (at === 'host') retireHostEnd(handles, name);
  retireShapers(handles, removal.links);
  removeInnerLinks(
    handles,
    removal.netnsPath,
    removal.links.filter((link) => link.at === 'sandbox'),
  );
  removeNetworkNamespace(removal.netnsPath);
}

/** Takes a link off its bridge at once, and leaves it to {@link deleteStaleLinks}. A missing link is success. */
export function retireHostEnd({ config, netlink }: KernelHandles, name: string): void {
  const index = linkIndex(name);
  if (index === undefined) return;
  // A link without carrier, or deleted meanwhile, passes nothing already. The order matters: any change of the link
  // makes the bridge check the port again, and enable it.
  netlink.transact([setLink({ index }, { group: staleLinkGroup(config) }), setBridgePort(index, { disabled: true })]);
}

/** Deletes the links that removed sandboxes left, all in one grace period. Usually there are none. */
export function deleteStaleLinks({ config, netlink }: KernelHandles): void {
  const [error] = netlink.transact([deleteLinkGroup(staleLinkGroup(config))]);
  if (error !== undefined && error.code !== 'ENODEV') throw error;
}

/**
 * Makes containers' links ports of their bridge again, after the bridge was made anew. Links that were deleted
 * meanwhile are skipped.
 */
export function connectPorts(handles: LinkHandles, ports: readonly BridgePort[]): readonly string[] {
  const { netlink } = handles;
  const links = new Map(listLinks(netlink).map((link) => [link.name, link]));
  const connected: string[] = [];
  for (const { hostLink, bridge } of ports) {
    const link = links.get(hostLink);
    if (link === undefined || !links.has(bridge) || handles.places.indexes(bridge).has(link.master)) continue;
    const { index } = link;
    const { index: master } = handles.places.place(bridge);
    netlink.execute(setLink({ index }, { master }), setBridgePort(index, { hairpin: true }));
    connected.push(hostLink);
  }
  return connected;
}

/** Deletes all links of the engine but those in `keep`. */
export function removeLinks(handles: KernelHandles, keep: ReadonlySet<string>): void {
  const { config, netlink } = handles;
  const stale = listLinks(netlink).filter(({ group, name }) => group === config.linkGroup && !keep.has(name));
  // A link that the kernel deletes meanwhile is no error.
  netlink.transact(stale.map(({ index }) => setLink({ index }, { group: staleLinkGroup(config) })));
  deleteStaleLinks(handles);
}
