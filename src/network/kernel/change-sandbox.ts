import {
  deleteDefaultRoute,
  deleteLink,
  linkIndex,
  listRoutes,
  NetlinkSocket,
  replaceDefaultRoute,
} from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import { closeNameSockets, openNameSockets } from './name-sockets.ts';
import type { ConnectPlan, DefaultRoute, DisconnectPlan } from './protocol.ts';
import { addLink, enableHairpin, type KernelHandles, requireLink, setSysctl } from './sandbox-links.ts';

/**
 * Adds a link to a sandbox, or leaves it as it was. Returns the sandbox's sockets for DNS queries when the plan opens
 * them. Blocks on rtnl_lock. @throws SyscallError
 */
export function connectLink(handles: KernelHandles, plan: ConnectPlan): NameSockets | undefined {
  const { link } = plan;
  const bridgeIndex = requireLink(link.bridge);
  let sockets: NameSockets | undefined;
  try {
    handles.home.enter(plan.netnsPath, (netnsFd) => {
      using inside = new NetlinkSocket();
      // The routes are set once the link is complete.
      addLink(handles, { ...link, gateways: [] }, { netnsFd, inside, bridgeIndex });
      for (const [key, value] of plan.sysctls) setSysctl(key, value);
      setDefaultRoutes(inside, plan.routes);
      if (plan.opensNames) sockets = openNameSockets({ isNew: false });
    });
    enableHairpin(handles, link.hostName);
    return sockets;
  } catch (error) {
    if (sockets !== undefined) closeNameSockets(sockets);
    removeLink(handles, link.hostName);
    throw error;
  }
}

/** Removes a link from a sandbox. A missing link is success. Blocks on rtnl_lock, for some 20 ms. @throws SyscallError */
export function disconnectLink(handles: KernelHandles, plan: DisconnectPlan): undefined {
  removeLink(handles, plan.hostLink);
  handles.home.enter(plan.netnsPath, () => {
    using inside = new NetlinkSocket();
    setDefaultRoutes(inside, plan.routes);
  });
}

function removeLink({ netlink }: KernelHandles, name: string): void {
  const index = linkIndex(name);
  if (index !== undefined) netlink.execute(deleteLink({ index }));
}

/** Undefined leaves the routes as they are. */
function setDefaultRoutes(inside: NetlinkSocket, routes: readonly DefaultRoute[] | undefined): void {
  if (routes === undefined) return;
  for (const { link, gateway } of routes) inside.execute(replaceDefaultRoute(gateway, requireLink(link)));
  const kept = new Set(routes.map(({ gateway }) => (gateway.includes(':') ? 6 : 4)));
  const old = listRoutes(inside).filter(({ prefixLength, family }) => prefixLength === 0 && !kept.has(family));
  for (const { family, linkIndex: index } of old) inside.execute(deleteDefaultRoute(family, index));
}
