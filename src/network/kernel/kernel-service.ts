import { mkdirSync, realpathSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { namesInSync } from '../../io/index.ts';
import {
  bindMount,
  detachMount,
  forgetUdpFlows,
  HomeNamespace,
  isMountPoint,
  NETLINK,
  NetlinkSocket,
  type Nftables,
  NftablesError,
  openNftables,
  PacketSocket,
  readSysctl,
  setPropagation,
} from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import { addForeignAccepts, removeForeignAccepts } from '../firewall/foreign-policy.ts';
import { addLegacyAccepts, removeLegacyAccepts } from '../firewall/legacy-iptables.ts';
import {
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
import { connectLink, disconnectLink } from './change-sandbox.ts';
import { enableForwarding, routeLoopback, surveyHost } from './host-bridge.ts';
import { HostBridges } from './host-bridges.ts';
import { closeNameSockets, openNameSockets } from './name-sockets.ts';
import {
  type ConnectPlan,
  type DisconnectPlan,
  FIREWALL_GONE,
  type HostPlan,
  type HostReport,
  type Keep,
  type KernelCall,
  type KernelConfig,
  type KernelRequests,
  type KernelResponse,
  type UsedBridge,
} from './protocol.ts';
import { deleteStaleLinks, type KernelHandles, makeSandbox, removeLinks, removeSandbox } from './sandbox-links.ts';

/** A firewall change that waits for the others of its batch. `undo` runs when the kernel refuses it. */
interface FirewallChange {
  readonly id: number;
  readonly result?: NameSockets | undefined;
  readonly elements: readonly PortElement[];
  readonly commands: string;
  readonly undo: () => void;
}

const BURIAL_MS = 250;

/** The work of the kernel thread: synchronous, blocking, one batch of calls after the other. */
export class KernelService implements Disposable {
  readonly #handles: KernelHandles;
  readonly #table: string;
  readonly #bridges: HostBridges;
  /** The tables that exist. IPv6 has one from its first network on. */
  #families: readonly TableFamily[] = ['ip'];
  #nftables: Nftables | undefined;
  #conntrack: NetlinkSocket | undefined;
  #burial: NodeJS.Timeout | undefined;

  constructor(config: KernelConfig) {
    this.#handles = { config, home: new HomeNamespace(), netlink: new NetlinkSocket(), packets: new PacketSocket() };
    this.#table = config.table;
    this.#bridges = new HostBridges(this.#handles, () => this.#firewall());
  }

  /** Makes links and namespaces in the order of the calls, then all firewall elements in one transaction. */
  handle(calls: readonly KernelCall[]): readonly KernelResponse[] {
    const responses: KernelResponse[] = [];
    const changes: FirewallChange[] = [];
    const commitPending = (): void => {
      responses.push(...this.#commit(changes.splice(0)));
    };
    for (const call of calls) {
      try {
        const change = this.#sandboxChange(call);
        if (change !== undefined) changes.push({ id: call.id, ...change });
        else {
          // An operation sees the effects of the requests before it.
          commitPending();
          responses.push({ id: call.id, result: this.#other(call) });
        }
      } catch (error) {
        responses.push(failure(call.id, error));
      }
    }
    commitPending();
    return responses;
  }

  /** The part of attach and detach before the firewall change. Undefined for other operations. */
  #sandboxChange(call: KernelCall): Omit<FirewallChange, 'id'> | undefined {
    if (call.operation === 'attach') {
      const plan = call.params as KernelRequests['attach']['params'];
      const result = makeSandbox(this.#handles, plan);
      const undo = (): void => {
        if (result !== undefined) closeNameSockets(result);
        const hostLinks = plan.links.map((link) => link.hostName);
        removeSandbox(this.#handles, { netnsPath: plan.netnsPath, hostLinks });
      };
      const { elements } = plan;
      return { elements, commands: renderAddElements(this.#table, elements), undo, result };
    }
    if (call.operation === 'detach') {
      const removal = call.params as KernelRequests['detach']['params'];
      removeSandbox(this.#handles, removal);
      this.#deleteStaleLinksSoon();
      const { elements } = removal;
      return { elements, commands: renderDeleteElements(this.#table, elements), undo: () => this.#forget(elements) };
    }
    return undefined;
  }

  /** The kernel needs some 15 ms. After that a check for undeleted links costs microseconds. */
  #deleteStaleLinksSoon(): void {
    this.#burial ??= setTimeout(() => {
      this.#burial = undefined;
      deleteStaleLinks(this.#handles);
    }, BURIAL_MS);
  }

  #commit(changes: readonly FirewallChange[]): readonly KernelResponse[] {
    const commands = changes.map((change) => change.commands).join('');
    try {
      if (commands !== '') this.#firewall().run(commands);
      for (const { elements } of changes) this.#forgetFlows(elements);
      return changes.map(({ id, result }) => ({ id, result }));
    } catch (error) {
      // A refused change must not make others fail.
      if (changes.length > 1) return changes.flatMap((change) => this.#commit([change]));
      return changes.map((change) => this.#refused(change, error));
    }
  }

  #refused(change: FirewallChange, error: unknown): KernelResponse {
    const isRemoval = change.commands.startsWith('delete');
    try {
      change.undo();
    } catch (undoError) {
      return failure(change.id, new AggregateError([error, undoError], `${messageOf(error)}; ${messageOf(undoError)}`));
    }
    return isRemoval ? { id: change.id } : failure(change.id, error);
  }

  /**
   * Deletes UDP flows: their translations live while a client keeps sending, and would lead to a removed container, or
   * past a new one.
   */
  #forgetFlows(elements: readonly PortElement[]): void {
    const messages = elements
      .filter(({ protocol }) => protocol === 'udp')
      .map(({ hostPort, address }) => forgetUdpFlows(address.includes(':') ? 6 : 4, hostPort));
    if (messages.length === 0) return;
    this.#conntrack ??= new NetlinkSocket(NETLINK.NETFILTER);
    // Best effort: usually there is no flow, and old kernels lack the call.
    this.#conntrack.transact(messages);
  }

  /** Removes elements, some of which may be missing (the table was flushed by hand). */
  #forget(elements: readonly PortElement[]): void {
    for (const element of elements) {
      try {
        this.#firewall().run(renderDeleteElements(this.#table, [element]));
      } catch (error) {
        if (!(error instanceof NftablesError && error.missing)) throw error;
      }
    }
  }

  #other({ operation, params }: KernelCall): KernelRequests[keyof KernelRequests]['result'] {
    switch (operation) {
      case 'survey':
        return surveyHost(this.#handles, (params as KernelRequests['survey']['params']).bridge);
      case 'addNetwork':
        return this.#addNetwork(params as HostPlan);
      case 'removeNetwork':
        return { left: this.#removeNetwork(params as HostPlan) };
      case 'connect':
        return this.#connect(params as ConnectPlan);
      case 'openNames':
        return this.#openNames((params as KernelRequests['openNames']['params']).netnsPath);
      case 'disconnect':
        return this.#disconnect(params as DisconnectPlan);
      case 'setUp':
        return this.#setUp((params as KernelRequests['setUp']['params']).networks);
      case 'checkFirewall':
        return this.#checkFirewall((params as KernelRequests['checkFirewall']['params']).bridges);
      case 'repairFirewall':
        return this.#repairFirewall(params as KernelRequests['repairFirewall']['params']);
      case 'repairBridges':
        return this.#bridges.repair(params as KernelRequests['repairBridges']['params']);
      case 'reconcile':
        return this.#reconcile(params as Keep);
      case 'tearDown':
        return this.#tearDown((params as KernelRequests['tearDown']['params']).networks);
      default:
        throw new Error(`unknown operation ${operation}`);
    }
  }

  #setUp(networks: readonly HostPlan[]): HostReport {
    const failed = this.#bridges.setUp(networks);
    this.#families = tableFamilies(networks);
    if (networks.length > 0) this.#enableForwarding(this.#families);
    const tables = renderTables(this.#table, this.#families);
    const commands = tables + renderReplaceNetworks(this.#table, this.#families, networks);
    try {
      this.#firewall().run(commands);
    } catch (error) {
      if (!(error instanceof NftablesError)) throw error;
      // The tables have an older layout. `reconcile` fills the new ones again.
      this.#firewall().run(renderDeleteTables(this.#table, this.#families) + commands);
    }
    this.#removeUnusedTable();
    this.#mountDirectory();
    const report = this.#report(networks.map(({ bridge }) => bridge));
    return { ...report, warnings: [...failed, ...report.warnings] };
  }

  /** The last run may have had networks of IPv6. */
  #removeUnusedTable(): void {
    if (this.#families.includes('ip6') || readSysctl('net/ipv6/conf/all/forwarding') === undefined) return;
    try {
      this.#firewall().run(renderDeleteTables(this.#table, ['ip6']));
    } catch (error) {
      // This kernel has no tables of IPv6.
      if (!(error instanceof NftablesError)) throw error;
    }
  }

  #enableForwarding(families: readonly TableFamily[]): void {
    if (this.#handles.config.forwards) enableForwarding(families);
  }

  #addNetwork(plan: HostPlan): HostReport {
    this.#bridges.add(plan);
    try {
      const families = tableFamilies([plan]);
      if (!plan.internal) this.#enableForwarding(families);
      const added = families.filter((family) => !this.#families.includes(family));
      this.#firewall().run(renderTables(this.#table, added) + renderAddNetwork(this.#table, plan));
      this.#families = [...this.#families, ...added];
    } catch (error) {
      this.#bridges.remove([plan.bridge]);
      throw error;
    }
    return this.#report([plan.bridge]);
  }

  #removeNetwork(plan: HostPlan): readonly UsedBridge[] {
    const { bridge } = plan;
    try {
      this.#firewall().run(renderDeleteNetwork(this.#table, plan));
    } catch (error) {
      // Another program has flushed the firewall.
      if (!(error instanceof NftablesError && error.missing)) throw error;
    }
    removeForeignAccepts(this.#firewall(), this.#families, [bridge]);
    removeLegacyAccepts(this.#families, [bridge]);
    return this.#bridges.remove([bridge]);
  }

  #connect(plan: ConnectPlan): NameSockets | undefined {
    const sockets = connectLink(this.#handles, plan);
    try {
      this.#moveElements(plan);
      return sockets;
    } catch (error) {
      if (sockets !== undefined) closeNameSockets(sockets);
      disconnectLink(this.#handles, { netnsPath: plan.netnsPath, hostLink: plan.link.hostName });
      throw error;
    }
  }

  #disconnect(plan: DisconnectPlan): undefined {
    this.#moveElements(plan);
    disconnectLink(this.#handles, plan);
  }

  #openNames(netnsPath: string): NameSockets {
    return this.#handles.home.enter(netnsPath, () => openNameSockets({ isNew: false }));
  }

  #moveElements({ elements }: ConnectPlan | DisconnectPlan): void {
    if (elements === undefined) return;
    this.#forget(elements.remove);
    const commands = renderAddElements(this.#table, elements.add);
    if (commands !== '') this.#firewall().run(commands);
    this.#forgetFlows([...elements.remove, ...elements.add]);
  }

  #mountDirectory(): void {
    const { netnsDirectory } = this.#handles.config;
    mkdirSync(netnsDirectory, { recursive: true, mode: 0o755 });
    if (!isMountPoint(realpathSync(netnsDirectory))) bindMount(netnsDirectory, netnsDirectory);
    // With this propagation, copies of the mount table (a running runtime, `unshare -m`) release a namespace when we
    // do.
    setPropagation(netnsDirectory, 'shared');
  }

  #checkFirewall(bridges: readonly string[]): KernelRequests['checkFirewall']['result'] {
    const isThere = (family: TableFamily): boolean =>
      this.#firewall().run(`list chains ${family}\n`).includes(`table ${family} ${this.#table} {`);
    return { ...this.#report(bridges), tableIsThere: this.#families.every(isThere) };
  }

  #repairFirewall({ networks, elements }: KernelRequests['repairFirewall']['params']): HostReport {
    const families = tableFamilies(networks);
    this.#firewall().run(
      renderTables(this.#table, families) +
        renderReplaceNetworks(this.#table, families, networks) +
        renderReplaceElements(this.#table, families, elements),
    );
    this.#families = families;
    for (const { bridge } of networks) routeLoopback(bridge);
    return this.#report(networks.map(({ bridge }) => bridge));
  }

  #reconcile(keep: Keep): HostReport {
    this.#firewall().run(renderReplaceElements(this.#table, this.#families, keep.elements));
    this.#removeNamespaces(new Set(keep.netnsPaths));
    removeLinks(this.#handles, new Set(keep.hostLinks));
    return this.#report([]);
  }

  #tearDown(networks: readonly HostPlan[]): KernelRequests['tearDown']['result'] {
    const bridges = networks.map(({ bridge }) => bridge);
    this.#removeNamespaces(new Set());
    removeLinks(this.#handles, new Set());
    this.#firewall().run(renderDeleteTables(this.#table, this.#families));
    removeForeignAccepts(this.#firewall(), this.#families, bridges);
    removeLegacyAccepts(this.#families, bridges);
    const left = this.#bridges.remove(bridges);
    const { netnsDirectory } = this.#handles.config;
    try {
      while (detachMount(netnsDirectory));
      rmdirSync(netnsDirectory);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    return { left };
  }

  #removeNamespaces(keep: ReadonlySet<string>): void {
    const { netnsDirectory } = this.#handles.config;
    for (const name of namesInSync(netnsDirectory)) {
      const netnsPath = join(netnsDirectory, name);
      if (!keep.has(netnsPath)) removeSandbox(this.#handles, { netnsPath, hostLinks: [] });
    }
  }

  #report(bridges: readonly string[]): HostReport {
    const nftables = this.#firewall();
    return {
      warnings:
        bridges.length === 0
          ? []
          : [...addForeignAccepts(nftables, this.#families, bridges), ...addLegacyAccepts(this.#families, bridges)],
      spawnsNft: nftables.kind === 'command',
    };
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#burial);
    this.#nftables?.[Symbol.dispose]();
    this.#nftables = undefined;
    this.#conntrack?.[Symbol.dispose]();
    this.#bridges[Symbol.dispose]();
    this.#handles.netlink[Symbol.dispose]();
    this.#handles.packets[Symbol.dispose]();
    this.#handles.home[Symbol.dispose]();
  }

  #firewall(): Nftables {
    this.#nftables ??= openNftables();
    return this.#nftables;
  }
}

function failure(id: number, error: unknown): KernelResponse {
  const code = error instanceof NftablesError && error.missing ? FIREWALL_GONE : errnoOf(error);
  return { id, error: { message: messageOf(error), code } };
}
