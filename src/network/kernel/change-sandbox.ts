import { failed } from '../../base/errors.ts';
import {
  deleteDefaultRoute,
  linkIndex,
  listLinks,
  listRoutes,
  NetlinkSocket,
  replaceDefaultRoute,
  setLink,
} from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import { removeInnerLink, removeInnerLinks } from './inner-links.ts';
import type { KernelHandles, LinkHandles } from './kernel-handles.ts';
import { retireShapers } from './link-limits.ts';
import { closeNameSockets, openNameSockets } from './name-sockets.ts';
import { type ConnectPlan, type DefaultRoute, type DisconnectPlan, type PresentLink, presentLink } from './protocol.ts';
import { addLink, deleteStaleLinks, lowerLink, retireHostEnd, setSysctl, setUpHostEnd } from './sandbox-links.ts';

/**
 * Adds a link to a sandbox, or leaves it as it was. Returns the sandbox's sockets for DNS queries when the plan opens
 * them. Blocks on rtnl_lock. @throws SyscallError; EngineError failed
 */
export function connectLink(handles: LinkHandles, plan: ConnectPlan): NameSockets | undefined {
  const { link } = plan;
  const lower = lowerLink(handles, link);
  // A link of the container's own that has the name must not be taken for the new one below.
  handles.home.enter(plan.netnsPath, () => checkFreeName(link.name));
  let sockets: NameSockets | undefined;
  try {
    handles.home.enter(plan.netnsPath, (netnsFd) => {
      using inside = new NetlinkSocket();
      // The routes are set once the link is complete.
      addLink(handles, { ...link, gateways: [] }, { netnsFd, inside, lower });
      for (const [key, value] of plan.sysctls) setSysctl(key, value);
      setDefaultRoutes(inside, plan.routes);
      if (plan.opensNames) sockets = openNameSockets({ isNew: false });
    });
    setUpHostEnd(handles, link);
    return sockets;
  } catch (error) {
    if (sockets !== undefined) closeNameSockets(sockets);
    removeLink(handles, plan.netnsPath, presentLink(link));
    throw error;
  }
}

/**
 * Removes a link from a sandbox. A missing link is success. A pair of links passes nothing and has lost its name when this
 * returns; the kernel takes 15 ms to delete it, later, in {@link deleteStaleLinks}. @throws SyscallError
 */
export function disconnectLink(handles: KernelHandles, plan: DisconnectPlan): undefined {
  const { link } = plan;
  const hostIndex = link.at === 'host' ? linkIndex(link.name) : undefined;
  if (link.at === 'host') {
    retireHostEnd(handles, link.name);
    retireShapers(handles, [link]);
  }
  handles.home.enter(plan.netnsPath, () => {
    using inside = new NetlinkSocket();
    if (link.at === 'sandbox') removeInnerLink(handles, inside, link);
    else hideEnd(inside, hostIndex);
    setDefaultRoutes(inside, plan.routes);
  });
}

/** Finds the other end of a link, whatever the container has named it. One that it moved elsewhere passes nothing either. */
function hideEnd(inside: NetlinkSocket, hostIndex: number | undefined): void {
  const end = listLinks(inside).find(({ kind, lowerElsewhere }) => kind === 'veth' && lowerElsewhere === hostIndex);
  if (end === undefined) return;
  const { index } = end;
  inside.transact([setLink({ index }, { up: false }), setLink({ index }, { rename: `gone${index}` })]);
}

/** @throws EngineError failed, in Docker's words */
function checkFreeName(name: string): void {
  if (linkIndex(name) === undefined) return;
  throw failed(`error renaming interface to ${JSON.stringify(name)}: file exists`);
}

/** Removes the link of a failed connect. */
function removeLink(handles: KernelHandles, netnsPath: string, link: PresentLink): void {
  if (link.at === 'host') {
    retireHostEnd(handles, link.name);
    retireShapers(handles, [link]);
    deleteStaleLinks(handles);
    return;
  }
  removeInnerLinks(handles, netnsPath, [link]);
}

/** Undefined leaves the routes as they are. */
function setDefaultRoutes(inside: NetlinkSocket, routes: readonly DefaultRoute[] | undefined): void {
  if (routes === undefined) return;
  for (const { link, gateway } of routes) {
    const index = linkIndex(link);
    // Somebody removed that link: it gets its route when it is made again.
    if (index !== undefined) inside.execute(replaceDefaultRoute(gateway, index));
  }
  const kept = new Set(routes.map(({ gateway }) => (gateway.includes(':') ? 6 : 4)));
  const old = listRoutes(inside).filter(
    ({ prefixLength, family, hasGateway }) => prefixLength === 0 && hasGateway && !kept.has(family),
  );
  for (const { family, linkIndex: index } of old) inside.execute(deleteDefaultRoute(family, index));
}
