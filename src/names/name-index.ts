import type { SandboxNames } from '../spec/index.ts';
import { addressData, nameData, nameKey, reverseName } from './addresses.ts';

/** A container on a network. */
export interface Endpoint {
  /** Data of A and AAAA records. */
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** Data of the PTR record of its addresses. Undefined when no name of it fits into one. */
  readonly pointer: string | undefined;
}

/** Which names lead to which endpoints on one network, by {@link nameKey} and {@link reverseName}. */
interface Network {
  readonly names: Map<string, Endpoint[]>;
  readonly addresses: Map<string, Endpoint[]>;
  endpoints: number;
}

interface Member {
  readonly networkId: string;
  readonly network: Network;
  readonly endpoint: Endpoint;
  readonly names: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
  /** Names by the aliases of links. */
  readonly links: ReadonlyMap<string, string>;
}

/** Where the names of one sandbox are. */
interface Sandbox {
  /** In the order of the search. */
  readonly members: readonly Member[];
  readonly byNetworkName: ReadonlyMap<string, readonly Network[]>;
}

/** The names on all networks, as each sandbox sees them. A sandbox's part is replaced as a whole, in one turn. */
export class NameIndex {
  readonly #networks = new Map<string, Network>();
  readonly #sandboxes = new Map<string, Sandbox>();

  put(names: SandboxNames): void {
    this.drop(names.sandboxId);
    const members: Member[] = [];
    const byNetworkName = new Map<string, Network[]>();
    for (const { networkId, network: networkName, names: own, addresses, links = [] } of names.endpoints) {
      const network = this.#open(networkId);
      const data = addresses.map(addressData);
      const member = {
        networkId,
        network,
        names: new Set(own.map(nameKey).filter((name) => name !== '')),
        addresses: new Set(data.map(reverseName)),
        links: new Map(links.map(({ alias, name }) => [nameKey(alias), nameKey(name)])),
        endpoint: {
          v4: data.filter((bytes) => bytes.length === 4),
          v6: data.filter((bytes) => bytes.length === 16),
          pointer: firstPointer(own, networkName),
        },
      };
      for (const name of member.names) add(network.names, name, member.endpoint);
      for (const address of member.addresses) add(network.addresses, address, member.endpoint);
      add(byNetworkName, nameKey(networkName), network);
      members.push(member);
    }
    this.#sandboxes.set(names.sandboxId, { members, byNetworkName });
  }

  /** An unknown sandbox is success. */
  drop(sandboxId: string): void {
    for (const { networkId, network, endpoint, names, addresses } of this.#sandboxes.get(sandboxId)?.members ?? []) {
      for (const name of names) remove(network.names, name, endpoint);
      for (const address of addresses) remove(network.addresses, address, endpoint);
      network.endpoints -= 1;
      if (network.endpoints === 0) this.#networks.delete(networkId);
    }
    this.#sandboxes.delete(sandboxId);
  }

  /**
   * The endpoints that a sandbox means by a name, at least one: those that a link leads to; else those with the whole name on the first of its networks
   * that has it; else of `a.b.c`, `a.b` on its network `c`, or `a` on its network `b.c`.
   */
  find(sandboxId: string, name: string): readonly Endpoint[] | undefined {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) return undefined;
    for (const { network, links } of sandbox.members) {
      const found = network.names.get(links.get(name) ?? '');
      if (found !== undefined) return found;
    }
    for (const { network } of sandbox.members) {
      const found = network.names.get(name);
      if (found !== undefined) return found;
    }
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      for (const network of sandbox.byNetworkName.get(name.slice(dot + 1)) ?? []) {
        const found = network.names.get(name.slice(0, dot));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** The endpoint with an address, by its {@link reverseName}. Of several, the one that was put last. */
  findAddress(sandboxId: string, reverse: string): Endpoint | undefined {
    for (const { network } of this.#sandboxes.get(sandboxId)?.members ?? []) {
      const found = network.addresses.get(reverse)?.at(-1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #open(networkId: string): Network {
    const network = this.#networks.get(networkId) ?? { names: new Map(), addresses: new Map(), endpoints: 0 };
    network.endpoints += 1;
    this.#networks.set(networkId, network);
    return network;
  }
}

function firstPointer(names: readonly string[], network: string): string | undefined {
  for (const name of names) {
    const data = nameData(`${name}.${network}`);
    if (data !== undefined) return data;
  }
  return undefined;
}

function add<T>(table: Map<string, T[]>, key: string, item: T): void {
  const items = table.get(key);
  if (items === undefined) table.set(key, [item]);
  else items.push(item);
}

function remove<T>(table: Map<string, T[]>, key: string, item: T): void {
  const items = table.get(key);
  const at = items?.indexOf(item) ?? -1;
  if (items === undefined || at < 0) return;
  items.splice(at, 1);
  if (items.length === 0) table.delete(key);
}
