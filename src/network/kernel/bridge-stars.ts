import { createHash } from 'node:crypto';
import {
  deleteLink,
  type Link,
  linkIndex,
  listLinks,
  newBridge,
  newVethPair,
  readSysctl,
  setBridgePort,
  setLink,
  writeSysctl,
} from '../../linux/index.ts';
import { asLocalUnicast } from '../model/hardware-address.ts';
import { type KernelHandles, ownMark } from './kernel-handles.ts';
import type { BridgePlan } from './protocol.ts';

type StarHandles = Pick<KernelHandles, 'config' | 'netlink'>;

/** A bridge of a network, and how many more links of containers it takes. */
interface FreePorts {
  readonly name: string;
  left: number;
}

/**
 * Networks with more containers than a bridge has ports: the kernel ends at 1,023, and drops copies of broadcasts before.
 *
 * The bridge of a network's plan is the *hub*. It has the gateways' addresses. When it is full, further links become ports
 * of *leaves*: bridges without addresses, each joined to the hub by a veth pair. So the network stays one Ethernet
 * segment, a star without loops. A leaf carries the name of its hub in its mark, and stays as long as the hub.
 */
export class BridgeStars {
  readonly #handles: StarHandles;
  /** The bridge that gets the next links, by hub. */
  readonly #next = new Map<string, FreePorts>();

  constructor(handles: StarHandles) {
    this.#handles = handles;
  }

  /**
   * Returns the name of the bridge for the next link of a network. Makes a leaf when all its bridges are nearly full;
   * `onLeaf` is told, and undoes the leaf when it throws. @throws SyscallError
   */
  place(hub: BridgePlan, onLeaf: (leaf: string) => void): string {
    // Only the rules of one bridge can tell a container's packets from those of the gateway.
    if (!hub.interContainer) return hub.bridge;
    const known = this.#next.get(hub.bridge);
    if (known !== undefined && known.left > 0 && linkIndex(known.name) !== undefined) {
      known.left -= 1;
      return known.name;
    }
    const next = this.#choose(hub, onLeaf);
    next.left -= 1;
    this.#next.set(hub.bridge, next);
    return next.name;
  }

  #choose(hub: BridgePlan, onLeaf: (leaf: string) => void): FreePorts {
    const limit = this.#handles.config.portsPerBridge;
    const links = listLinks(this.#handles.netlink);
    const bridges = [
      ...links.filter(({ name }) => name === hub.bridge),
      ...leavesIn(links, this.#handles, hub.bridge).map(({ link }) => link),
    ];
    const free = bridges.map(({ name, index }) => ({
      name,
      left: limit - links.filter(({ master }) => master === index).length,
    }));
    const [widest] = free.toSorted((one, other) => other.left - one.left);
    // A missing hub is an error of the caller's own request for it. With a few free ports each link would count anew.
    if (widest === undefined || widest.left > limit / 10) return widest ?? { name: hub.bridge, left: 1 };
    const leaf = freeLeafName(links, hub.bridge);
    makeLeaf(this.#handles, hub, leaf);
    try {
      onLeaf(leaf);
    } catch (error) {
      removeLeaf(this.#handles, leaf);
      throw error;
    }
    return { name: leaf, left: limit - 1 };
  }

  /** Counts the ports of a hub's bridges anew at the next link. */
  recount(hub: string): void {
    this.#next.delete(hub);
  }
}

/** Names of the links whose loss cuts a leaf off. */
export function watchedLinks(leaf: string): readonly string[] {
  return [leaf, ...Object.values(joinNames(leaf))];
}

/** Every leaf of the engine, with its hub's name. */
export function listLeaves(handles: StarHandles): readonly { readonly name: string; readonly hub: string }[] {
  return leavesIn(listLinks(handles.netlink), handles).map(({ link, hub }) => ({ name: link.name, hub }));
}

function leavesIn(links: readonly Link[], handles: StarHandles, hub?: string): readonly { link: Link; hub: string }[] {
  const mark = leafMark(handles, '');
  return links.flatMap((link) => {
    if (link.kind !== 'bridge' || !link.alias.startsWith(mark)) return [];
    const own = link.alias.slice(mark.length);
    return hub === undefined || own === hub ? [{ link, hub: own }] : [];
  });
}

/**
 * Makes a leaf's link to its hub again where others removed it or set it down. Returns whether something was repaired.
 * @throws SyscallError
 */
export function repairLeaf(handles: StarHandles, hub: BridgePlan, leaf: string): boolean {
  const links = new Map(listLinks(handles.netlink).map((link) => [link.name, link]));
  const { atHub, atLeaf } = joinNames(leaf);
  const isPort = (port: string, bridge: string): boolean => {
    const link = links.get(port);
    return link?.up === true && link.master === links.get(bridge)?.index;
  };
  if (links.get(leaf)?.up === true && isPort(atHub, hub.bridge) && isPort(atLeaf, leaf)) return false;
  handles.netlink.execute(setLink({ name: leaf }, { up: true }));
  join(handles, hub, leaf);
  return true;
}

/** Forgets behind which port hardware addresses are, after links moved to other bridges. @throws SyscallError */
export function forgetAddresses({ netlink }: StarHandles, leaf: string): void {
  for (const name of Object.values(joinNames(leaf))) {
    const index = linkIndex(name);
    if (index !== undefined) netlink.execute(setBridgePort(index, { flush: true }));
  }
}

/** Removes a leaf with its link to the hub. Missing parts are success. @throws SyscallError */
export function removeLeaf({ netlink }: StarHandles, leaf: string): void {
  for (const name of [joinNames(leaf).atHub, leaf]) {
    const index = linkIndex(name);
    if (index !== undefined) netlink.execute(deleteLink({ index }));
  }
}

/** A link's mark, at most 255 bytes (IFALIASZ). */
function leafMark(handles: StarHandles, hub: string): string {
  return `${ownMark(handles)} leaf of ${hub}`;
}

function freeLeafName(links: readonly Link[], hub: string): string {
  const taken = new Set(links.map(({ name }) => name));
  const tag = createHash('sha256').update(hub).digest('hex').slice(0, 8);
  for (let number = 1; ; number++) {
    const name = `gl${number}-${tag}`;
    if (!taken.has(name)) return name;
  }
}

/** The ends of the veth pair between a leaf `gl1-…` and its hub. */
function joinNames(leaf: string): { readonly atHub: string; readonly atLeaf: string } {
  return { atHub: `gh${leaf.slice(2)}`, atLeaf: `gj${leaf.slice(2)}` };
}

function makeLeaf(handles: StarHandles, hub: BridgePlan, leaf: string): void {
  const { netlink } = handles;
  // Of an earlier leaf that others removed.
  removeLeaf(handles, leaf);
  const hardwareAddress = createHash('sha256')
    .update(`${ownMark(handles)}\0${leaf}`)
    .digest()
    .subarray(0, 6);
  netlink.execute(newBridge(leaf, asLocalUnicast(hardwareAddress)));
  try {
    netlink.execute(setLink({ name: leaf }, { alias: leafMark(handles, hub.bridge), mtu: hub.mtu }));
    for (const [key, value] of leafSysctls(leaf)) if (readSysctl(key) !== undefined) writeSysctl(key, value);
    netlink.execute(setLink({ name: leaf }, { up: true }));
    join(handles, hub, leaf);
  } catch (error) {
    removeLeaf(handles, leaf);
    throw error;
  }
}

/** A leaf has no address: it must neither answer ARP for those of the hub, nor route what is sent to itself. */
function leafSysctls(leaf: string): readonly (readonly [key: string, value: string])[] {
  return [
    [`net/ipv4/conf/${leaf}/arp_ignore`, '1'],
    [`net/ipv4/conf/${leaf}/forwarding`, '0'],
    [`net/ipv6/conf/${leaf}/disable_ipv6`, '1'],
  ];
}

/** Neither end is a hairpin port: broadcasts would circle. */
function join({ netlink }: StarHandles, hub: BridgePlan, leaf: string): void {
  const { atHub, atLeaf } = joinNames(leaf);
  if (linkIndex(atHub) === undefined) netlink.execute(newVethPair({ name: atHub, peer: atLeaf, mtu: hub.mtu }));
  const bridges = { [atHub]: hub.bridge, [atLeaf]: leaf };
  for (const [port, bridge] of Object.entries(bridges)) {
    const master = linkIndex(bridge);
    if (master === undefined) throw new Error(`link ${bridge} not found`);
    netlink.execute(setLink({ name: port }, { master, up: true }));
  }
}
