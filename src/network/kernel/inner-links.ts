import {
  deleteLink,
  isNetworkNamespace,
  type Link,
  listAddresses,
  listLinks,
  moveLink,
  NetlinkSocket,
  setLink,
} from '../../linux/index.ts';
import type { KernelHandles } from './kernel-handles.ts';
import type { InnerLink } from './protocol.ts';

/** Links that are in a sandbox alone, without an end at a bridge of the host: see `InnerLink`. */

/**
 * Removes links from a sandbox. Those of plugins return to the host under their own names, down. Missing links and a
 * missing namespace are success. Blocks for some 20 ms.
 */
export function removeInnerLinks(handles: KernelHandles, netnsPath: string, links: readonly InnerLink[]): void {
  if (links.length === 0 || !isNetworkNamespace(netnsPath)) return;
  handles.home.enter(netnsPath, () => {
    using inside = new NetlinkSocket();
    for (const link of links) removeInnerLink(handles, inside, link);
  });
}

/** As {@link removeInnerLinks}, inside the sandbox's namespace. */
export function removeInnerLink({ home }: KernelHandles, inside: NetlinkSocket, link: InnerLink): void {
  const found = findInnerLink(inside, link);
  if (found === undefined) return;
  const { index, kind } = found;
  if (link.source !== undefined) {
    const down = setLink({ index }, { up: false });
    const [, error] = inside.transact([down, moveLink(index, { name: link.source, netnsFd: home.fd })]);
    if (error === undefined) return;
  }
  // Hardware cannot be deleted. It returns to the host with the end of the namespace.
  if (kind !== '') inside.execute(deleteLink({ index }));
}

/**
 * Deletes the links above interfaces of the host in a sandbox of which nothing else is known. They would keep their parent
 * and addresses until the kernel's worker deletes the namespace. A missing namespace is success.
 */
export function deleteStackedLinks({ home }: KernelHandles, netnsPath: string): void {
  if (!isNetworkNamespace(netnsPath)) return;
  home.enter(netnsPath, () => {
    using inside = new NetlinkSocket();
    const stacked = listLinks(inside).filter(({ kind }) => kind === 'macvlan' || kind === 'ipvlan');
    for (const { index } of stacked) inside.execute(deleteLink({ index }));
  });
}

/**
 * Finds a link whatever the container has named it: by its hardware address, which further links of the kind do not
 * share, else by one of its addresses, else by its name.
 */
function findInnerLink(inside: NetlinkSocket, { name, hardwareAddress, addresses }: InnerLink): Link | undefined {
  const links = listLinks(inside).filter((link) => link.name !== 'lo');
  const sameHardware = links.filter((link) => link.hardwareAddress.toString('hex') === hardwareAddress);
  if (hardwareAddress !== '' && sameHardware.length === 1) return sameHardware[0];
  const holders = new Set(
    listAddresses(inside).flatMap(({ index, address }) => (addresses.includes(address) ? [index] : [])),
  );
  const sameAddress = links.filter(({ index }) => holders.has(index));
  return sameAddress.length === 1 ? sameAddress[0] : links.find((link) => link.name === name);
}
