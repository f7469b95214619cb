import { EngineError, errnoOf, messageOf } from '../../base/errors.ts';
import { HomeNamespace, NetlinkSocket, NftablesError, PacketSocket } from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import { type PortElement, tableFamilies } from '../firewall/table.ts';
import { connectLink, disconnectLink } from './change-sandbox.ts';
import { EngineFirewall } from './engine-firewall.ts';
import { enableForwarding, routeLoopback, surveyHost } from './host-bridge.ts';
import { HostBridges } from './host-bridges.ts';
import type { LinkHandles } from './kernel-handles.ts';
import { closeNameSockets, openNameSockets } from './name-sockets.ts';
import { mountDirectory, removeDirectory, removeNamespaces } from './netns-directory.ts';
import { addParent, ownParents, removeParent, setUpParents } from './parent-links.ts';
import {
  type BridgePlan,
  bridgePlans,
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
  parentPlans,
  presentLink,
  type UsedLink,
} from './protocol.ts';
import { deleteStaleLinks, makeSandbox, removeLinks, removeSandbox } from './sandbox-links.ts';

/** A firewall change that waits for the others of its batch. `undo` runs when the kernel refuses it. */
interface FirewallChange {
  readonly id: number;
  readonly result?: NameSockets | undefined;
  readonly elements: readonly PortElement[];
  readonly commands: string;
  readonly undo: () => void;
}

const BURIAL_MS = 250;
/** The container lives on, and sees its former link until then: down, and under another name. */
const DISCONNECTED_BURIAL_MS = 100;

/** The work of the kernel thread: synchronous, blocking, one batch of calls after the other. */
export class KernelService implements Disposable {
  readonly #handles: LinkHandles;
  readonly #firewall: EngineFirewall;
  readonly #bridges: HostBridges;
  #burial: NodeJS.Timeout | undefined;

  constructor(config: KernelConfig) {
    const handles = { config, home: new HomeNamespace(), netlink: new NetlinkSocket(), packets: new PacketSocket() };
    this.#firewall = new EngineFirewall(config);
    this.#bridges = new HostBridges(handles, this.#firewall);
    this.#handles = { ...handles, places: this.#bridges };
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
        removeSandbox(this.#handles, { netnsPath: plan.netnsPath, links: plan.links.map(presentLink) });
        this.#deleteStaleLinksSoon();
      };
      const { elements } = plan;
      return { elements, commands: this.#firewall.additionOf(elements), undo, result };
    }
    if (call.operation === 'detach') {
      const removal = call.params as KernelRequests['detach']['params'];
      removeSandbox(this.#handles, removal);
      this.#deleteStaleLinksSoon();
      const { elements } = removal;
      return { elements, commands: this.#firewall.removalOf(elements), undo: () => this.#firewall.remove(elements) };
    }
    return undefined;
  }

  /** The kernel needs some 15 ms. After that a check for undeleted links costs microseconds. */
  #deleteStaleLinksSoon(milliseconds = BURIAL_MS): void {
    this.#burial ??= setTimeout(() => {
      this.#burial = undefined;
      deleteStaleLinks(this.#handles);
    }, milliseconds);
  }

  #commit(changes: readonly FirewallChange[]): readonly KernelResponse[] {
    const commands = changes.map((change) => change.commands).join('');
    try {
      this.#firewall.run(commands);
      for (const { elements } of changes) this.#firewall.forgetFlows(elements);
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
    const bridges = bridgePlans(networks);
    const failed = [...this.#bridges.setUp(bridges), ...setUpParents(this.#handles, parentPlans(networks))];
    if (bridges.length > 0) this.#enableForwarding(bridges);
    this.#firewall.setUp(this.#bridges.withLeaves(bridges));
    mountDirectory(this.#handles.config.netnsDirectory);
    const report = this.#report(bridges);
    return { ...report, warnings: [...failed, ...report.warnings] };
  }

  #enableForwarding(networks: readonly BridgePlan[]): void {
    if (this.#handles.config.forwards) enableForwarding(tableFamilies(networks));
  }

  #addNetwork(plan: HostPlan): HostReport {
    if (plan.kind === 'parent') {
      addParent(this.#handles, plan);
      return this.#firewall.report([]);
    }
    this.#bridges.add(plan);
    try {
      if (!plan.internal) this.#enableForwarding([plan]);
      this.#firewall.addNetwork(plan);
    } catch (error) {
      this.#bridges.remove([plan.bridge]);
      throw error;
    }
    return this.#firewall.report([plan.bridge]);
  }

  #removeNetwork(plan: HostPlan): readonly UsedLink[] {
    if (plan.kind === 'parent') {
      const left = removeParent(this.#handles, plan.parent);
      return left === undefined ? [] : [left];
    }
    for (const rules of this.#bridges.withLeaves([plan])) this.#firewall.removeNetwork(rules);
    return this.#bridges.remove([plan.bridge]);
  }

  #connect(plan: ConnectPlan): NameSockets | undefined {
    const sockets = connectLink(this.#handles, plan);
    try {
      this.#moveElements(plan);
      return sockets;
    } catch (error) {
      if (sockets !== undefined) closeNameSockets(sockets);
      disconnectLink(this.#handles, { netnsPath: plan.netnsPath, link: presentLink(plan.link) });
      this.#deleteStaleLinksSoon();
      throw error;
    }
  }

  #disconnect(plan: DisconnectPlan): undefined {
    this.#moveElements(plan);
    disconnectLink(this.#handles, plan);
    this.#deleteStaleLinksSoon(DISCONNECTED_BURIAL_MS);
  }

  #openNames(netnsPath: string): NameSockets {
    return this.#handles.home.enter(netnsPath, () => openNameSockets({ isNew: false }));
  }

  #moveElements({ elements }: ConnectPlan | DisconnectPlan): void {
    if (elements !== undefined) this.#firewall.move(elements);
  }

  #checkFirewall(bridges: readonly string[]): KernelRequests['checkFirewall']['result'] {
    // Changes from here on signal again.
    this.#firewall.follow();
    this.#firewall.addUserChain();
    return { ...this.#firewall.report(this.#bridges.namesOf(bridges)), tableIsThere: this.#firewall.isThere() };
  }

  #repairFirewall({ networks, elements }: KernelRequests['repairFirewall']['params']): HostReport {
    const bridges = bridgePlans(networks);
    this.#firewall.repair(this.#bridges.withLeaves(bridges), elements);
    if (this.#handles.config.families.includes('ip')) for (const { bridge } of bridges) routeLoopback(bridge);
    return this.#report(bridges);
  }

  #report(bridges: readonly BridgePlan[]): HostReport {
    return this.#firewall.report(this.#bridges.namesOf(bridges.map(({ bridge }) => bridge)));
  }

  #reconcile(keep: Keep): HostReport {
    this.#firewall.replaceElements(keep.elements);
    removeNamespaces(this.#handles, new Set(keep.netnsPaths));
    removeLinks(this.#handles, new Set(keep.hostLinks));
    return this.#firewall.report([]);
  }

  #tearDown(networks: readonly HostPlan[]): KernelRequests['tearDown']['result'] {
    const bridges = bridgePlans(networks).map(({ bridge }) => bridge);
    removeNamespaces(this.#handles, new Set());
    removeLinks(this.#handles, new Set());
    this.#firewall.tearDown(this.#bridges.namesOf(bridges));
    const parents = ownParents(this.#handles).flatMap((name) => removeParent(this.#handles, name) ?? []);
    const left = [...this.#bridges.remove(bridges), ...parents];
    removeDirectory(this.#handles.config.netnsDirectory);
    return { left };
  }

  [Symbol.dispose](): void {
    if (this.#burial !== undefined) deleteStaleLinks(this.#handles);
    clearTimeout(this.#burial);
    this.#firewall[Symbol.dispose]();
    this.#bridges[Symbol.dispose]();
    this.#handles.netlink[Symbol.dispose]();
    this.#handles.packets[Symbol.dispose]();
    this.#handles.home[Symbol.dispose]();
  }
}

function failure(id: number, error: unknown): KernelResponse {
  const code = error instanceof NftablesError && error.missing ? FIREWALL_GONE : errnoOf(error);
  const isFailure = error instanceof EngineError && error.kind === 'failed';
  return { id, error: { message: messageOf(error), code, isFailure } };
}
