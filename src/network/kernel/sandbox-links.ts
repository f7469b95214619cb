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
import type { BridgePort, KernelConfig, LinkPlan, SandboxPlan } from './protocol.ts';

export interface KernelHandles {
  readonly config: KernelConfig;
  readonly home: HomeNamespace;
  readonly netlink: NetlinkSocket;
  readonly packets: PacketSocket;
}

/** Makes the namespace with its links, addresses and settings, or leaves nothing. Blocks on rtnl_lock. @throws SyscallError */
export function makeSandbox(handles: KernelHandles, plan: SandboxPlan): void {
  const bridges = plan.links.map(({ bridge }) => requireLink(bridge));
  handles.home.create(plan.netnsPath, (netnsFd) => {
    using inside = new NetlinkSocket();
    for (const [at, link] of plan.links.entries())
      addLink(handles, link, { netnsFd, inside, bridgeIndex: bridges[at] ?? 0 });
    inside.execute(setLink({ name: 'lo' }, { up: true }));
    for (const [key, value] of DEFAULT_SYSCTLS) setSysctl(key, value, { optional: true });
    for (const [key, value] of plan.sysctls) setSysctl(key, value);
  });
  try {
    for (const { hostName } of plan.links) enableHairpin(handles, hostName);
  } catch (error) {
    removeNetworkNamespace(plan.netnsPath);
    throw error;
  }
}

interface NewSandbox {
  readonly netnsFd: number;
  readonly inside: NetlinkSocket;
  readonly bridgeIndex: number;
}

/** Runs inside the sandbox's namespace; `netlink` works on the host's all the same. */
function addLink({ config, netlink, packets }: KernelHandles, plan: LinkPlan, sandbox: NewSandbox): void {
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
  // Without IPv6 on the network there is none on the link either: no router discovery, no multicast chatter.
  setSysctl(`net/ipv6/conf/${plan.name}/disable_ipv6`, '1', { optional: true });
  const index = requireLink(plan.name);
  const { address, prefixLength } = plan;
  inside.execute(
    addAddress({ index, address, prefixLength }),
    setLink({ index }, { up: true }),
    ...(plan.gateway === '' ? [] : [addDefaultRoute(plan.gateway, index)]),
  );
  // Host and containers may remember who had the address before. Told by way of the bridge: the new port needs a moment.
  netlink.execute(replaceNeighbour(bridgeIndex, address, hardwareAddress));
  packets.announce(bridgeIndex, address, hardwareAddress);
}

function requireLink(name: string): number {
  const index = linkIndex(name);
  if (index === undefined) throw new Error(`link ${name} not found`);
  return index;
}

/** With br_netfilter a container's connection to its own published port stays on the bridge, and must leave by its own port. */
function enableHairpin({ netlink }: KernelHandles, hostName: string): void {
  netlink.execute(setBridgePort(requireLink(hostName), { hairpin: true }));
}

/** What Docker gives every sandbox: ports below 1024 and ping without privileges. */
const DEFAULT_SYSCTLS = [
  ['net/ipv4/ip_unprivileged_port_start', '0'],
  ['net/ipv4/ping_group_range', '0 2147483647'],
] as const;

/** @throws Error as runc words it */
function setSysctl(key: string, value: string, options: { readonly optional?: boolean } = {}): void {
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
 * Takes the sandbox off the network at once, so that its address may be given away, and leaves the rest to the kernel's
 * own worker, which deletes namespaces with their links in batches. Links that stay, for somebody holds their namespace,
 * go with {@link buryLinks}. Missing parts are success.
 */
export function removeSandbox(
  { config, netlink }: KernelHandles,
  removal: { readonly netnsPath: string; readonly hostLinks: readonly string[] },
): void {
  for (const name of removal.hostLinks) {
    const index = linkIndex(name);
    if (index === undefined) continue;
    // No carrier or deleted meanwhile: it passes nothing already. In this order, for any change of the link has the
    // bridge look at the port again, and enable it.
    netlink.transact([setLink({ index }, { group: staleLinkGroup(config) }), setBridgePort(index, { disabled: true })]);
  }
  removeNetworkNamespace(removal.netnsPath);
}

/** Deletes the links that removed sandboxes left, all in one grace period; usually there are none any more. */
export function buryLinks({ config, netlink }: KernelHandles): void {
  const [error] = netlink.transact([deleteLinkGroup(staleLinkGroup(config))]);
  if (error !== undefined && error.code !== 'ENODEV') throw error;
}

/** Makes containers' links ports of their bridge again, which was made anew. Links that are gone meanwhile are no error. */
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

/** Deletes every link of ours but those. */
export function removeLinks(handles: KernelHandles, keep: ReadonlySet<string>): void {
  const { config, netlink } = handles;
  const stale = listLinks(netlink).filter(({ group, name }) => group === config.linkGroup && !keep.has(name));
  // One that the kernel deletes meanwhile is no error.
  netlink.transact(stale.map(({ index }) => setLink({ index }, { group: staleLinkGroup(config) })));
  buryLinks(handles);
}

/** Of a link that the engine made, whether it is still in use or about to be deleted. */
export function isOurGroup(config: KernelConfig, group: number): boolean {
  return group === config.linkGroup || group === staleLinkGroup(config);
}

/** Links about to be deleted are a group of their own: one request deletes them all. */
function staleLinkGroup({ linkGroup }: KernelConfig): number {
  return (linkGroup ^ 1) >>> 0;
}
