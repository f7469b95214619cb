import { errnoOf, failed, messageOf } from '../../base/errors.ts';
import {
  deleteLink,
  linkIndex,
  listLinks,
  type NetlinkMessage,
  newDummy,
  newVlan,
  setLink,
} from '../../linux/index.ts';
import { type KernelHandles, ownMark } from './kernel-handles.ts';
import type { ParentPlan, UsedLink } from './protocol.ts';

/**
 * The interfaces below macvlan and ipvlan networks, on the kernel thread. The engine makes VLAN devices and dummy links,
 * with its mark, and removes those alone.
 */

/** Makes the parent of a new network when it is missing. @throws EngineError failed, in Docker's words */
export function addParent(handles: KernelHandles, plan: ParentPlan): void {
  if (linkIndex(plan.parent) === undefined) makeParent(handles, plan);
}

/** Returns the index of a parent for a container's link. It makes a missing VLAN device. @throws EngineError failed, in Docker's words */
export function requireParent(handles: KernelHandles, plan: ParentPlan): number {
  const { parent, isDummy } = plan;
  const present = linkIndex(parent);
  if (present !== undefined) return present;
  const notFound = `the requested parent interface ${parent} was not found on the Docker host`;
  if (!isDummy && !parent.includes('.')) throw failed(notFound);
  try {
    makeParent(handles, plan);
  } catch (error) {
    throw failed(`${notFound}: ${messageOf(error)}`);
  }
  const made = linkIndex(parent);
  if (made === undefined) throw failed(notFound);
  return made;
}

/**
 * Makes the parents that are missing, and removes those of networks that no longer exist. Returns what failed, for
 * users: a parent may come later.
 */
export function setUpParents(handles: KernelHandles, plans: readonly ParentPlan[]): readonly string[] {
  const wanted = new Set(plans.map(({ parent }) => parent));
  for (const name of ownParents(handles)) if (!wanted.has(name)) removeParent(handles, name);
  return plans.flatMap((plan) => {
    try {
      requireParent(handles, plan);
      return [];
    } catch (error) {
      return [`a network has no parent interface: ${messageOf(error)}`];
    }
  });
}

/**
 * Removes a parent that this engine made, unless others have links above it. A missing one is success. Returns the
 * users of one that stays.
 */
export function removeParent({ netlink, config }: KernelHandles, name: string): UsedLink | undefined {
  const links = listLinks(netlink);
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined || link.alias !== ownMark({ config })) return undefined;
  const users = links.filter(({ lower, index }) => lower === link.index && index !== link.index);
  if (users.length > 0) return { link: name, users: users.map((user) => `link ${user.name}`) };
  netlink.execute(deleteLink({ index: link.index }));
  return undefined;
}

/** Names of the parents that this engine made. */
export function ownParents({ netlink, config }: KernelHandles): readonly string[] {
  const mark = ownMark({ config });
  const own = listLinks(netlink).filter(({ kind, alias }) => (kind === 'vlan' || kind === 'dummy') && alias === mark);
  return own.map(({ name }) => name);
}

function makeParent(handles: KernelHandles, { parent, isDummy }: ParentPlan): void {
  const { netlink, config } = handles;
  if (isDummy) make(handles, newDummy(parent), '');
  else {
    const { lower, id } = parseVlan(parent);
    const lowerIndex = linkIndex(lower);
    if (lowerIndex === undefined) throw failed(`-o parent interface was not found on the host: ${lower}`);
    make(handles, newVlan({ name: parent, lowerIndex }, id), `failed to create ${parent} vlan link: `);
  }
  try {
    netlink.execute(setLink({ name: parent }, { alias: ownMark({ config }), up: true }));
  } catch (error) {
    netlink.execute(deleteLink({ name: parent }));
    throw error;
  }
}

function make({ netlink }: KernelHandles, message: NetlinkMessage, prefix: string): void {
  try {
    netlink.execute(message);
  } catch (error) {
    throw failed(`${prefix}${kernelWords(error)}`);
  }
}

/** Parses the name of a VLAN device, such as `eth0.10`. @throws EngineError failed, in Docker's words */
function parseVlan(name: string): { readonly lower: string; readonly id: number } {
  if (!name.includes('.')) throw failed(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  const [lower = '', digits = '', ...more] = name.split('.');
  if (more.length > 0) {
    const form = 'name.vlan_id, ex. eth0.10 for vlan 10';
    throw failed(`required interface name format is: ${form}, instead received ${name}`);
  }
  if (!/^[+-]?\d+$/.test(digits)) {
    throw failed(`unable to parse a valid vlan id from: ${digits} (ex. eth0.10 for vlan 10)`);
  }
  const id = Number(digits);
  if (id < 1 || id > 4094) throw failed(`vlan id must be between 1-4094, received: ${id}`);
  return { lower, id };
}

const KERNEL_WORDS: Readonly<Record<string, string>> = {
  EINVAL: 'invalid argument',
  EOPNOTSUPP: 'operation not supported',
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
};

/** The text of an error of the kernel, as C and Docker have it. */
export function kernelWords(error: unknown): string {
  return KERNEL_WORDS[errnoOf(error) ?? ''] ?? messageOf(error);
}
