import { createHash } from 'node:crypto';
import { namesInSync } from '../../io/index.ts';
import {
  addAddress,
  deleteAddress,
  deleteLink,
  ipBytes,
  type Link,
  listAddresses,
  listLinks,
  listRoutes,
  type NetlinkSocket,
  type Nftables,
  newBridge,
  readSysctl,
  setLink,
  writeSysctl,
} from '../../linux/index.ts';
import type { TableFamily } from '../firewall/table.ts';
import { asLocalUnicast } from '../model/hardware-address.ts';
import { bridgeUsers } from './bridge-users.ts';
import { isOurGroup, type KernelHandles, ownMark } from './kernel-handles.ts';
import type { BridgePlan, HostSurvey, PlannedAddress, UsedLink } from './protocol.ts';

export interface BridgeHandles extends KernelHandles {
  readonly nftables: Nftables;
}

/** Surveys the host before the engine chooses a subnet. Blocks. */
export function surveyHost(handles: KernelHandles, name: string): HostSurvey {
  const link = findLink(handles.netlink, name);
  const routes = listRoutes(handles.netlink).filter(
    ({ prefixLength, linkIndex }) => prefixLength > 0 && linkIndex !== link?.index,
  );
  return {
    routes,
    bridge: link && {
      kind: link.kind,
      ours: link.alias === ownMark(handles),
      mtu: link.mtu,
      addresses: addressesOf(handles.netlink, link),
    },
  };
}

/**
 * Makes the bridge, or changes an existing one to the plan. May be repeated. @throws SyscallError, Error in plain words
 */
export function setUpBridge(handles: KernelHandles, plan: BridgePlan): void {
  const { netlink } = handles;
  const present = findLink(netlink, plan.bridge);
  if (present === undefined && plan.mustExist) {
    throw new Error(`bridge device with non default name ${plan.bridge} must be created manually`);
  }
  if (present !== undefined && present.kind !== 'bridge')
    throw new Error(`existing interface ${plan.bridge} is not a bridge`);
  const link = present ?? makeBridge(handles, plan);
  try {
    configureBridge(handles, link, plan);
  } catch (error) {
    if (present === undefined) netlink.execute(deleteLink({ index: link.index }));
    throw error;
  }
}

function configureBridge(handles: KernelHandles, link: Link, plan: BridgePlan): void {
  const { netlink } = handles;
  if (hasIpv6(plan)) enableIpv6(plan.bridge);
  for (const missing of missingAddresses(netlink, link, plan))
    netlink.execute(addAddress({ index: link.index, ...missing }));
  netlink.execute(setLink({ index: link.index }, { up: true }));
  if (handles.config.families.includes('ip')) routeLoopback(plan.bridge);
  else if (link.alias === ownMark(handles)) closeLoopback(plan.bridge);
  // The bridge is a gateway: it must not take routes from announcements of containers.
  const acceptRa = `net/ipv6/conf/${plan.bridge}/accept_ra`;
  if (readSysctl(acceptRa) !== undefined) writeSysctl(acceptRa, '0');
}

function hasIpv6({ addresses }: BridgePlan): boolean {
  return addresses.some(({ address }) => address.includes(':'));
}

/** @throws Error in plain words on a host without IPv6 */
function enableIpv6(bridge: string): void {
  const key = `net/ipv6/conf/${bridge}/disable_ipv6`;
  const value = readSysctl(key);
  if (value === undefined) throw new Error('the kernel of this host has no IPv6');
  if (value !== '0') writeSysctl(key, '0');
}

/**
 * Connections from the host's 127.0.0.1 to a published port leave by the bridge. A rule of the engine's table keeps
 * containers from using the setting. Does nothing without the bridge.
 */
export function routeLoopback(bridge: string): void {
  const key = `net/ipv4/conf/${bridge}/route_localnet`;
  if (readSysctl(key) === '0') writeSysctl(key, '1');
}

/** Undoes {@link routeLoopback} where the rule is gone. */
function closeLoopback(bridge: string): void {
  writeSysctl(`net/ipv4/conf/${bridge}/route_localnet`, '0');
}

/**
 * Removes addresses of an earlier configuration, unless other programs use the bridge: then the addresses may be
 * theirs.
 */
export function removeOldAddresses(handles: BridgeHandles, plan: BridgePlan): void {
  const { netlink } = handles;
  const link = findLink(netlink, plan.bridge);
  if (link === undefined || link.alias !== ownMark(handles)) return;
  const old = addressesOf(netlink, link).filter((present) => !isPlanned(plan, present));
  if (old.length === 0 || isUsed(handles, link)) return;
  for (const other of old) netlink.execute(deleteAddress({ index: link.index, ...other }));
}

/** Describes how a bridge differs from its plan, for users. Undefined when it does not. */
export function bridgeDamage({ netlink, config }: KernelHandles, plan: BridgePlan): string | undefined {
  const link = findLink(netlink, plan.bridge);
  if (link === undefined) return 'was removed';
  if (!link.up) return 'was set down';
  const isRouted = readSysctl(`net/ipv4/conf/${plan.bridge}/route_localnet`) !== '0';
  if (!isRouted && config.families.includes('ip')) return 'lost its setting route_localnet';
  const [missing] = missingAddresses(netlink, link, plan);
  return missing && `lost its address ${missing.address}`;
}

/** Names of the bridges that this engine made. */
export function ownBridges(handles: KernelHandles): readonly string[] {
  const own = listLinks(handles.netlink).filter(({ kind, alias }) => kind === 'bridge' && alias === ownMark(handles));
  return own.map(({ name }) => name);
}

/** Makes the host forward packets. It stays on at the engine's end: other programs may rely on it by then. */
export function enableForwarding(families: readonly TableFamily[]): void {
  if (readSysctl('net/ipv4/ip_forward') !== '1') writeSysctl('net/ipv4/ip_forward', '1');
  if (families.includes('ip6') && readSysctl(FORWARDING_6) !== '1') {
    keepRouterAdvertisements();
    writeSysctl(FORWARDING_6, '1');
  }
}

const FORWARDING_6 = 'net/ipv6/conf/all/forwarding';

/**
 * A link that forwards ignores router advertisements, and loses the routes that it has from them, unless its `accept_ra`
 * is 2 (ip-sysctl). So the host keeps its address and its default route.
 */
function keepRouterAdvertisements(): void {
  for (const link of namesInSync('/proc/sys/net/ipv6/conf')) {
    const key = `net/ipv6/conf/${link}/accept_ra`;
    if (link !== 'all' && readSysctl(key) === '1') writeSysctl(key, '2');
  }
}

/**
 * Removes the bridge if an engine of this name made it and nobody else uses it: no port, firewall table, link or engine
 * of others. A missing bridge is success.
 * @returns the other users, when the bridge stays because of them
 */
export function removeBridge(handles: BridgeHandles, name: string): UsedLink | undefined {
  const { netlink, config } = handles;
  const links = listLinks(netlink);
  const link = links.find((candidate) => candidate.name === name);
  if (link?.alias !== ownMark(handles)) return undefined;
  const ports = links.filter(({ master, group }) => master === link.index && !isOurGroup(config, group));
  const users = [
    ...ports.map((port) => `port ${port.name}`),
    ...bridgeUsers({ ...handles, ownTable: config.table }, link),
  ];
  if (users.length === 0) {
    netlink.execute(deleteLink({ index: link.index }));
    return undefined;
  }
  // The setting served our published ports. The rule that kept containers from misusing it is removed with our table.
  closeLoopback(name);
  return { link: name, users };
}

function makeBridge(handles: KernelHandles, plan: BridgePlan): Link {
  const { netlink } = handles;
  netlink.execute(newBridge(plan.bridge, bridgeHardwareAddress(handles, plan)));
  try {
    netlink.execute(setLink({ name: plan.bridge }, { alias: ownMark(handles), mtu: plan.mtu }));
  } catch (error) {
    // Without its mark nobody would remove it later.
    netlink.execute(deleteLink({ name: plan.bridge }));
    throw error;
  }
  const made = findLink(netlink, plan.bridge);
  if (made === undefined) throw new Error(`bridge ${plan.bridge} vanished`);
  return made;
}

/** Always the same: containers remember the address of their gateway when the bridge is made again. */
function bridgeHardwareAddress(handles: KernelHandles, { bridge, addresses }: BridgePlan): Buffer {
  const bytes = createHash('sha256')
    .update(`${ownMark(handles)}\0${bridge}\0${addresses[0]?.address ?? ''}`)
    .digest()
    .subarray(0, 6);
  return asLocalUnicast(bytes);
}

function missingAddresses(netlink: NetlinkSocket, link: Link, { addresses }: BridgePlan): readonly PlannedAddress[] {
  const present = addressesOf(netlink, link);
  return addresses.filter((planned) => !present.some((address) => isSame(planned, address)));
}

function isPlanned({ addresses }: BridgePlan, present: PlannedAddress): boolean {
  return addresses.some((planned) => isSame(planned, present));
}

function isSame(one: PlannedAddress, other: PlannedAddress): boolean {
  // One address may be written in several ways.
  return one.prefixLength === other.prefixLength && ipBytes(one.address).equals(ipBytes(other.address));
}

function isUsed(handles: BridgeHandles, link: Link): boolean {
  return bridgeUsers({ ...handles, ownTable: handles.config.table }, link).length > 0;
}

function findLink(netlink: NetlinkSocket, name: string): Link | undefined {
  return listLinks(netlink).find((link) => link.name === name);
}

function addressesOf(netlink: NetlinkSocket, link: Link): PlannedAddress[] {
  return listAddresses(netlink)
    .filter(({ index }) => index === link.index)
    .map(({ address, prefixLength }) => ({ address, prefixLength }));
}
