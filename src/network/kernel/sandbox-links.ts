import { errnoOf, messageOf } from '../../base/errors.ts';
import {
  addAddress,
  addDefaultRoute,
  deleteLinkGroup,
  type HomeNamespace,
  linkIndex,
  listLinks,
  NetlinkSocket,
  newVeth,
  type PacketSocket,
  removeNetworkNamespace,
  replaceNeighbour,
  setBridgePort,
  setLink,
  writeSysctl,
} from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import { closeNameSockets, openNameSockets } from './name-sockets.ts';
import type { BridgePort, KernelConfig, LinkPlan, SandboxPlan } from './protocol.ts';

export interface KernelHandles {
  readonly config: KernelConfig;
  readonly home: HomeNamespace;
  readonly netlink: NetlinkSocket;
  readonly packets: PacketSocket;
}

/**
 * Makes the namespace with its links, addresses and settings, or leaves nothing. Returns its sockets for DNS queries
 * when it has names. Blocks on rtnl_lock. @throws SyscallError
 */
export function makeSandbox(handles: KernelHandles, plan: SandboxPlan): NameSockets | undefined {
  const bridges = plan.links.map(({ bridge }) => requireLink(bridge));
  const sockets = handles.home.create(plan.netnsPath, (netnsFd) => {
    using inside = new NetlinkSocket();
    for (const [at, link] of plan.links.entries())
      addLink(handles, link, { netnsFd, inside, bridgeIndex: bridges[at] ?? 0 });
    inside.execute(setLink({ name: 'lo' }, { up: true }));
    for (const [key, value] of DEFAULT_SYSCTLS) setSysctl(key, value, { optional: true });
    for (const [key, value] of plan.sysctls) setSysctl(key, value);
    return plan.hasNames ? openNameSockets({ isNew: true }) : undefined;
  });
  try {
    for (const { hostName } of plan.links) enableHairpin(handles, hostName);
    return sockets;
  } catch (error) {
    if (sockets !== undefined) closeNameSockets(sockets);
    removeNetworkNamespace(plan.netnsPath);
    throw error;
  }
}

interface NewSandbox {
  readonly netnsFd: number;
  readonly inside: NetlinkSocket;
  readonly bridgeIndex: number;
}

/** Runs inside the sandbox's namespace. `netlink` still works on the host's. */
export function addLink({ config, netlink, packets }: KernelHandles, plan: LinkPlan, sandbox: NewSandbox): void {
  const { bridgeIndex, inside, netnsFd } = sandbox;
  const hardwareAddress = Buffer.from(plan.hardwareAddress, 'hex');
  netlink.execute(
    newVeth({
      name: plan.hostName,
      bridgeIndex,
      mtu: plan.mtu,
      group: config.linkGroup,
      peer: { name: plan.name, netnsFd, hardwareAddress },
    }),
  );
  setIpv6(plan);
  const index = requireLink(plan.name);
  inside.execute(
    ...plan.addresses.map((address) => addAddress({ index, ...address })),
    setLink({ index }, { up: true }),
    ...plan.gateways.map((gateway) => addDefaultRoute(gateway, index)),
  );
  // The host and other containers may remember who had the address before. The announcement goes by way of the bridge,
  // since the new port needs a moment.
  for (const { address } of plan.addresses) {
    netlink.execute(replaceNeighbour(bridgeIndex, address, hardwareAddress));
    packets.announce(bridgeIndex, address, hardwareAddress);
  }
}

/** On a network without IPv6 the link has none either: no router discovery, no multicast. */
function setIpv6({ name, addresses }: LinkPlan): void {
  const hasIpv6 = addresses.some(({ address }) => address.includes(':'));
  const folder = `net/ipv6/conf/${name}`;
  setSysctl(`${folder}/disable_ipv6`, hasIpv6 ? '0' : '1', { optional: !hasIpv6 });
  if (!hasIpv6) return;
  // The engine sets addresses and routes. A neighbour that announces itself as a router gets no traffic.
  setSysctl(`${folder}/accept_ra`, '0');
  // The link-local address follows from a random hardware address, and is usable at once.
  setSysctl(`${folder}/accept_dad`, '0');
}

export function requireLink(name: string): number {
  const index = linkIndex(name);
  if (index === undefined) throw new Error(`link ${name} not found`);
  return index;
}

/**
 * With br_netfilter a container's connection to its own published port stays on the bridge, and must leave by the port
 * on which it came.
 */
export function enableHairpin({ netlink }: KernelHandles, hostName: string): void {
  netlink.execute(setBridgePort(requireLink(hostName), { hairpin: true }));
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
export function removeSandbox(
  { config, netlink }: KernelHandles,
  removal: { readonly netnsPath: string; readonly hostLinks: readonly string[] },
): void {
  for (const name of removal.hostLinks) {
    const index = linkIndex(name);
    if (index === undefined) continue;
    // A link without carrier, or deleted meanwhile, passes nothing already. The order matters: any change of the link
    // makes the bridge check the port again, and enable it.
    netlink.transact([setLink({ index }, { group: staleLinkGroup(config) }), setBridgePort(index, { disabled: true })]);
  }
  removeNetworkNamespace(removal.netnsPath);
}

/** Deletes the links that removed sandboxes left, all in one grace period. Usually there are none. */
export function deleteStaleLinks({ config, netlink }: KernelHandles): void {
  const [error] = netlink.transact([deleteLinkGroup(staleLinkGroup(config))]);
  if (error !== undefined && error.code !== 'ENODEV') throw error;
}

/**
 * Makes containers' links ports of their bridge again, after the bridge was made anew. Links that were deleted
 * meanwhile are no error.
 */
export function connectPorts(handles: KernelHandles, ports: readonly BridgePort[]): readonly string[] {
  const { netlink } = handles;
  const links = new Map(listLinks(netlink).map((link) => [link.name, link]));
  const connected: string[] = [];
  for (const { hostLink, bridge } of ports) {
    const link = links.get(hostLink);
    const master = links.get(bridge)?.index;
    if (link === undefined || master === undefined || link.master === master) continue;
    const { index } = link;
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

/** Whether a link's group is the engine's, for links in use and for stale ones. */
export function isOurGroup(config: KernelConfig, group: number): boolean {
  return group === config.linkGroup || group === staleLinkGroup(config);
}

/** Stale links have a group of their own, so that one request deletes them all. */
function staleLinkGroup({ linkGroup }: KernelConfig): number {
  return (linkGroup ^ 1) >>> 0;
}
