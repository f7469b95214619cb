import {
  FirewallWatch,
  forgetUdpFlows,
  NETLINK,
  NetlinkSocket,
  type Nftables,
  NftablesError,
  openNftables,
  readSysctl,
} from '../../linux/index.ts';
import { addForeignAccepts, removeForeignAccepts } from '../firewall/foreign-policy.ts';
import { addLegacyAccepts, removeLegacyAccepts } from '../firewall/legacy-iptables.ts';
import {
  type BridgeRules,
  familyOf,
  type PortElement,
  renderAddElements,
  renderAddNetwork,
  renderDeleteElements,
  renderDeleteNetwork,
  renderDeleteTables,
  renderReplaceElements,
  renderReplaceNetworks,
  renderTables,
  type TableFamily,
  tableFamilies,
} from '../firewall/table.ts';
import { addUserChain, removeUserChain, USER_CHAIN } from '../firewall/user-chain.ts';
import type { HostReport, KernelConfig } from './protocol.ts';

/**
 * The engine's nftables tables on the kernel thread. All calls block.
 *
 * One life: `setUp` makes the tables with all networks. `addNetwork` and `removeNetwork` change them. Each attach and
 * detach of a container is some commands for `run`, so that several share a transaction. A signal announces changes by
 * others (`follow`): `isThere` says whether the tables were flushed; then `repair` makes them again. `tearDown` removes them.
 */
export class EngineFirewall implements Disposable {
  readonly #table: string;
  /** The families in which the engine changes the firewall. */
  readonly #kept: readonly TableFamily[];
  /** The families of the tables that exist, once they are known. IPv6 has one from its first network on. */
  #known: readonly TableFamily[] | undefined;
  #nftables: Nftables | undefined;
  #conntrack: NetlinkSocket | undefined;
  #watch: FirewallWatch | undefined;
  /** Warnings about the chain for the host's own rules. */
  #userWarnings: readonly string[] = [];

  constructor({ table, families }: Pick<KernelConfig, 'table' | 'families'>) {
    this.#table = table;
    this.#kept = families;
  }

  /** Opened at the first use. @throws NftablesError */
  get nftables(): Nftables {
    this.#nftables ??= openNftables();
    return this.#nftables;
  }

  /** A thread that follows a dead one finds the tables of its predecessor. @throws NftablesError */
  get #families(): readonly TableFamily[] {
    const always = this.#familiesOf([]);
    this.#known ??= this.#kept.filter((family) => always.includes(family) || this.#hasTable(family));
    return this.#known;
  }

  /** @throws NftablesError */
  setUp(networks: readonly BridgeRules[]): void {
    this.#known = this.#familiesOf(networks);
    const tables = renderTables(this.#table, this.#families);
    const commands = tables + renderReplaceNetworks(this.#table, this.#families, networks);
    try {
      this.run(commands);
    } catch (error) {
      if (!(error instanceof NftablesError)) throw error;
      // The tables have an older layout. `replaceElements` fills the new ones again.
      this.run(renderDeleteTables(this.#table, this.#families) + commands);
    }
    this.#removeUnusedTables();
    this.addUserChain();
    this.follow();
  }

  /** From now on a signal announces changes by others, and by this engine. */
  follow(): void {
    if (this.#kept.length > 0) this.#watch ??= new FirewallWatch();
    this.#watch?.drain();
  }

  /** @throws NftablesError */
  addNetwork(rules: BridgeRules): void {
    const added = this.#familiesOf([rules]).filter((family) => !this.#families.includes(family));
    const families = [...this.#families, ...added];
    this.run(renderTables(this.#table, added) + renderAddNetwork(this.#table, families, rules));
    this.#known = families;
  }

  /** A table that another program has flushed is success. @throws NftablesError */
  removeNetwork(rules: BridgeRules): void {
    try {
      this.run(renderDeleteNetwork(this.#table, this.#families, rules));
    } catch (error) {
      if (!(error instanceof NftablesError && error.missing)) throw error;
    }
    this.#removeAccepts([rules.bridge, ...(rules.leaves ?? [])]);
  }

  /** The commands that publish ports. */
  additionOf(elements: readonly PortElement[]): string {
    return renderAddElements(this.#table, this.#keptOf(elements));
  }

  /** The commands that end published ports. They fail when one is missing. */
  removalOf(elements: readonly PortElement[]): string {
    return renderDeleteElements(this.#table, this.#keptOf(elements));
  }

  /** Runs commands in one transaction. @throws NftablesError */
  run(commands: string): string {
    return commands === '' ? '' : this.nftables.run(commands);
  }

  /** Removes elements, some of which may be missing (the table was flushed by hand). @throws NftablesError */
  remove(elements: readonly PortElement[]): void {
    for (const element of elements) {
      try {
        this.run(this.removalOf([element]));
      } catch (error) {
        if (!(error instanceof NftablesError && error.missing)) throw error;
      }
    }
  }

  /** Replaces published ports by others. @throws NftablesError */
  move(change: { readonly add: readonly PortElement[]; readonly remove: readonly PortElement[] }): void {
    this.remove(change.remove);
    this.run(this.additionOf(change.add));
    this.forgetFlows([...change.remove, ...change.add]);
  }

  /** Replaces all published ports by these. @throws NftablesError */
  replaceElements(elements: readonly PortElement[]): void {
    this.run(renderReplaceElements(this.#table, this.#families, this.#keptOf(elements)));
  }

  /**
   * Deletes UDP flows: their translations live while a client keeps sending, and would lead to a removed container, or
   * past a new one.
   */
  forgetFlows(elements: readonly PortElement[]): void {
    const messages = elements.flatMap((element) =>
      element.kind === 'translated' && element.protocol === 'udp'
        ? [forgetUdpFlows(element.address.includes(':') ? 6 : 4, element.hostPort)]
        : [],
    );
    if (messages.length === 0) return;
    this.#conntrack ??= new NetlinkSocket(NETLINK.NETFILTER);
    // Best effort: usually there is no flow, and old kernels lack the call.
    this.#conntrack.transact(messages);
  }

  /** Whether every table that `setUp` made is there. @throws NftablesError */
  isThere(): boolean {
    return this.#families.every((family) => this.#hasTable(family));
  }

  #hasTable(family: TableFamily): boolean {
    return this.run(`list chains ${family}\n`).includes(`table ${family} ${this.#table} {`);
  }

  /** Makes the chain for the host's own rules when it is missing. Containers work without it. */
  addUserChain(): void {
    if (this.#kept.length === 0) return;
    try {
      addUserChain(this.nftables, this.#table);
      this.#userWarnings = [];
    } catch (error) {
      if (!(error instanceof NftablesError)) throw error;
      this.#userWarnings = [`The chain ${USER_CHAIN} for rules of your own cannot be made: ${error.message}`];
    }
  }

  /** Makes the tables again with everything in them. @throws NftablesError */
  repair(networks: readonly BridgeRules[], elements: readonly PortElement[]): void {
    const families = this.#familiesOf(networks);
    this.run(
      renderTables(this.#table, families) +
        renderReplaceNetworks(this.#table, families, networks) +
        renderReplaceElements(this.#table, families, this.#keptOf(elements)),
    );
    this.#known = families;
    this.addUserChain();
  }

  /** @throws NftablesError */
  tearDown(bridges: readonly string[]): void {
    this.run(renderDeleteTables(this.#table, this.#families));
    if (this.#kept.length > 0 && this.#userWarnings.length === 0) removeUserChain(this.nftables, this.#table);
    this.#removeAccepts(bridges);
  }

  /** Lets the bridges through chains of other programs that drop packets. Returns what is in the way. */
  report(bridges: readonly string[]): HostReport {
    let warnings: readonly string[] = [];
    if (bridges.length > 0) {
      warnings = addForeignAccepts(this.nftables, this.#families, bridges);
      addLegacyAccepts(this.#families, bridges);
    }
    return {
      warnings: [...this.#userWarnings, ...warnings],
      spawnsNft: this.nftables.kind === 'command',
    };
  }

  #removeAccepts(bridges: readonly string[]): void {
    removeForeignAccepts(this.nftables, this.#families, bridges);
    removeLegacyAccepts(this.#families, bridges);
  }

  #familiesOf(networks: readonly BridgeRules[]): readonly TableFamily[] {
    return tableFamilies(networks).filter((family) => this.#kept.includes(family));
  }

  #keptOf(elements: readonly PortElement[]): readonly PortElement[] {
    return elements.filter(({ address }) => this.#kept.includes(familyOf(address)));
  }

  /** The last run may have had networks of IPv6, or have changed the firewall where this one does not. */
  #removeUnusedTables(): void {
    for (const family of ['ip', 'ip6'] as const) {
      const isMissing = family === 'ip6' && readSysctl('net/ipv6/conf/all/forwarding') === undefined;
      if (this.#families.includes(family) || isMissing) continue;
      try {
        this.run(renderDeleteTables(this.#table, [family]));
      } catch (error) {
        // This kernel has no tables of the family.
        if (!(error instanceof NftablesError)) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#nftables?.[Symbol.dispose]();
    this.#nftables = undefined;
    this.#conntrack?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
  }
}
