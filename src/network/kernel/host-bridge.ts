import {
  addAddress,
  deleteAddress,
  deleteLink,
  type Link,
  listAddresses,
  listLinks,
  listRoutes,
  type NetlinkSocket,
  newBridge,
  readSysctl,
  setLink,
  writeSysctl,
} from '../../linux/index.ts';
import { newHardwareAddress } from '../hardware-address.ts';
import type { BridgePlan, HostSurvey } from './protocol.ts';
import { isOurGroup, type KernelHandles } from './sandbox-links.ts';

/** Marks a bridge as made by an engine (and which one), so that only that engine removes it. */
function mark(handles: KernelHandles): string {
  return `gantry:${handles.config.table}`;
}

/** What is there before the engine chooses a subnet. Blocks. */
export function surveyHost(handles: KernelHandles, name: string): HostSurvey {
  const link = findLink(handles.netlink, name);
  const routes = listRoutes(handles.netlink).filter(
    ({ prefixLength, linkIndex }) => prefixLength > 0 && linkIndex !== link?.index,
  );
  return {
    routes,
    bridge: link && {
      kind: link.kind,
      ours: link.alias === mark(handles),
      mtu: link.mtu,
      addresses: addressesOf(handles.netlink, link),
    },
  };
}

/** Makes the bridge, or gives the one that is there what the plan says. May run again. @throws SyscallError, Error in plain words */
export function setUpBridge(handles: KernelHandles, plan: BridgePlan): void {
  const { netlink } = handles;
  const present = findLink(netlink, plan.bridge);
  if (present === undefined && plan.mustExist) {
    throw new Error(`bridge device with non default name ${plan.bridge} must be created manually`);
  }
  if (present !== undefined && present.kind !== 'bridge') throw new Error(`${plan.bridge} exists and is no bridge`);
  const link = present ?? makeBridge(handles, plan);
  try {
    configureBridge(netlink, link, plan);
  } catch (error) {
    if (present === undefined) netlink.execute(deleteLink({ index: link.index }));
    throw error;
  }
}

function configureBridge(netlink: NetlinkSocket, link: Link, plan: BridgePlan): void {
  setAddress(netlink, link, plan);
  netlink.execute(setLink({ index: link.index }, { up: true }));
  // Connections from the host's 127.0.0.1 to a published port leave by the bridge.
  writeSysctl(`net/ipv4/conf/${plan.bridge}/route_localnet`, '1');
  // The bridge is a gateway: it must not learn routes from what containers announce.
  const acceptRa = `net/ipv6/conf/${plan.bridge}/accept_ra`;
  if (readSysctl(acceptRa) !== undefined) writeSysctl(acceptRa, '0');
}

/** The host forwards packets. Left on afterwards: others may rely on it by then. */
export function enableForwarding(): void {
  if (readSysctl('net/ipv4/ip_forward') !== '1') writeSysctl('net/ipv4/ip_forward', '1');
}

/** Removes the bridge if an engine of this name made it and nobody else has a port on it. Missing is success. */
export function removeBridge(handles: KernelHandles, name: string): void {
  const links = listLinks(handles.netlink);
  const link = links.find((candidate) => candidate.name === name);
  if (link?.alias !== mark(handles)) return;
  const used = links.some(({ master, group }) => master === link.index && !isOurGroup(handles.config, group));
  if (used) return;
  handles.netlink.execute(deleteLink({ index: link.index }));
}

function makeBridge(handles: KernelHandles, plan: BridgePlan): Link {
  const { netlink } = handles;
  netlink.execute(
    newBridge(plan.bridge, newHardwareAddress()),
    setLink({ name: plan.bridge }, { alias: mark(handles), mtu: plan.mtu }),
  );
  const made = findLink(netlink, plan.bridge);
  if (made === undefined) throw new Error(`bridge ${plan.bridge} vanished`);
  return made;
}

function setAddress(netlink: NetlinkSocket, link: Link, plan: BridgePlan): void {
  const present = addressesOf(netlink, link);
  const wanted = { index: link.index, address: plan.gateway, prefixLength: plan.prefixLength };
  const same = (one: { address: string; prefixLength: number }): boolean =>
    one.address === wanted.address && one.prefixLength === wanted.prefixLength;
  if (!present.some(same)) netlink.execute(addAddress(wanted));
  // A bridge of others keeps what they gave it.
  if (plan.mustExist) return;
  for (const other of present) {
    if (!same(other)) netlink.execute(deleteAddress({ index: link.index, ...other }));
  }
}

function findLink(netlink: NetlinkSocket, name: string): Link | undefined {
  return listLinks(netlink).find((link) => link.name === name);
}

function addressesOf(netlink: NetlinkSocket, link: Link): { address: string; prefixLength: number }[] {
  return listAddresses(netlink)
    .filter(({ index }) => index === link.index)
    .map(({ address, prefixLength }) => ({ address, prefixLength }));
}
