import {
  deleteDefaultRoute,
  deleteLink,
  linkIndex,
  listRoutes,
  NetlinkSocket,
  replaceDefaultRoute,
} from '../../linux/index.ts';
import type { ConnectPlan, DefaultRoute, DisconnectPlan } from './protocol.ts';
import { addLink, enableHairpin, type KernelHandles, requireLink, setSysctl } from './sandbox-links.ts';

/** Adds a link to a sandbox, or leaves it as it was. Blocks on rtnl_lock. @throws SyscallError */
export function connectLink(handles: KernelHandles, plan: ConnectPlan): undefined {
  const { link } = plan;
  const bridgeIndex = requireLink(link.bridge);
  try {
    handles.home.enter(plan.netnsPath, (netnsFd) => {
      using inside = new NetlinkSocket();
      // The routes are set once the link is complete.
      addLink(handles, { ...link, gateways: [] }, { netnsFd, inside, bridgeIndex });
      for (const [key, value] of plan.sysctls) setSysctl(key, value);
      setDefaultRoutes(inside, plan.routes);
    });
    enableHairpin(handles, link.hostName);
  } catch (error) {
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
  if (routes.length > 0) return;
  const defaults = listRoutes(inside).filter(({ prefixLength }) => prefixLength === 0);
  for (const { linkIndex: index } of defaults) inside.execute(deleteDefaultRoute(index));
}
