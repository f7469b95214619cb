import { messageOf } from '../../base/errors.ts';
import { BridgeWatch, linkIndex, listLinks } from '../../linux/index.ts';
import { BridgeStars, forgetAddresses, listLeaves, removeLeaf, repairLeaf, watchedLinks } from './bridge-stars.ts';
import type { EngineFirewall } from './engine-firewall.ts';
import { bridgeDamage, ownBridges, removeBridge, removeOldAddresses, setUpBridge } from './host-bridge.ts';
import type { BridgePlaces, KernelHandles, LowerLink } from './kernel-handles.ts';
import { repairLimits } from './link-limits.ts';
import { type BridgePlan, type BridgePort, bridgePlans, type KernelRequests, type UsedLink } from './protocol.ts';
import { connectPorts, requireLink } from './sandbox-links.ts';

/** Makes, watches, repairs and removes the engine's bridges, on the kernel thread. */
export class HostBridges implements BridgePlaces, Disposable {
  readonly #handles: KernelHandles;
  readonly #firewall: Pick<EngineFirewall, 'nftables' | 'addNetwork' | 'report'>;
  readonly #stars: BridgeStars;
  #watch: BridgeWatch | undefined;
  /** The bridges to watch, by name. */
  #plans = new Map<string, BridgePlan>();
  /** Further links to watch: the shapers of containers with limited traffic. */
  #shapers: readonly string[] = [];
  /** The leaves of bridges, by the hub's name. */
  #leaves = new Map<string, readonly string[]>();

  constructor(handles: KernelHandles, firewall: Pick<EngineFirewall, 'nftables' | 'addNetwork' | 'report'>) {
    this.#handles = handles;
    this.#firewall = firewall;
    this.#stars = new BridgeStars(handles);
  }

  /**
   * Makes missing bridges, and removes those of networks that no longer exist. From then on a signal announces changes
   * by others. @returns what failed, for users @throws SyscallError, Error in plain words, for a bridge that is required
   */
  setUp(bridges: readonly BridgePlan[]): readonly string[] {
    const handles = { ...this.#handles, nftables: this.#firewall.nftables };
    const failed: string[] = [];
    for (const plan of bridges) {
      try {
        setUpBridge(handles, plan);
        removeOldAddresses(handles, plan);
      } catch (error) {
        if (plan.isRequired) throw error;
        failed.push(`bridge ${plan.bridge} of a network cannot be set up: ${messageOf(error)}`);
      }
    }
    const wanted = new Set(bridges.map(({ bridge }) => bridge));
    for (const { name, hub } of listLeaves(this.#handles)) if (!wanted.has(hub)) removeLeaf(this.#handles, name);
    this.#findLeaves();
    for (const name of ownBridges(this.#handles)) if (!wanted.has(name)) removeBridge(handles, name);
    this.#plans = new Map(bridges.map((plan) => [plan.bridge, plan]));
    this.#follow();
    return failed;
  }

  /** Makes the bridge of a new network. @throws SyscallError, Error in plain words */
  add(plan: BridgePlan): void {
    setUpBridge(this.#handles, plan);
    this.#plans.set(plan.bridge, plan);
    this.#follow();
  }

  place(bridge: string): LowerLink {
    const plan = this.#plans.get(bridge);
    const gateway = requireLink(bridge);
    if (plan === undefined) return { index: gateway, gateway };
    const name = this.#stars.place(plan, (leaf) => {
      const leaves = [...(this.#leaves.get(bridge) ?? []), leaf];
      this.#firewall.addNetwork({ ...plan, leaves });
      this.#firewall.report([leaf]);
      this.#leaves.set(bridge, leaves);
      this.#follow();
    });
    return { index: requireLink(name), gateway };
  }

  indexes(bridge: string): ReadonlySet<number> {
    return new Set(this.namesOf([bridge]).flatMap((name) => linkIndex(name) ?? []));
  }

  /** The plans with the leaves that they have on the host. */
  withLeaves(plans: readonly BridgePlan[]): readonly BridgePlan[] {
    return plans.map((plan) => ({ ...plan, leaves: this.#leaves.get(plan.bridge) ?? [] }));
  }

  /** The bridges, each with its leaves. */
  namesOf(bridges: readonly string[]): readonly string[] {
    return bridges.flatMap((bridge) => [bridge, ...(this.#leaves.get(bridge) ?? [])]);
  }

  #findLeaves(): void {
    const byHub = Map.groupBy(listLeaves(this.#handles), ({ hub }) => hub);
    this.#leaves = new Map([...byHub].map(([hub, leaves]) => [hub, leaves.map(({ name }) => name)]));
  }

  /** @throws SyscallError for ports; damage that cannot be repaired is in the result */
  repair({ networks, ports }: KernelRequests['repairBridges']['params']): KernelRequests['repairBridges']['result'] {
    // Changes from here on signal again.
    this.#watch?.drain();
    const handles = { ...this.#handles, nftables: this.#firewall.nftables };
    const repaired: string[] = [];
    const failed: string[] = [];
    for (const plan of bridgePlans(networks)) {
      const damage = bridgeDamage(handles, plan);
      try {
        if (damage !== undefined) {
          setUpBridge(handles, plan);
          repaired.push(`bridge ${plan.bridge} ${damage}`);
        }
        const leaves = this.#leaves.get(plan.bridge) ?? [];
        const joined = leaves.filter((leaf) => linkIndex(leaf) !== undefined && repairLeaf(handles, plan, leaf));
        repaired.push(...joined.map((leaf) => `bridge ${leaf} was cut off`));
      } catch (error) {
        failed.push(`bridge ${plan.bridge} ${damage ?? 'was cut off'}: ${messageOf(error)}`);
      }
      this.#stars.recount(plan.bridge);
    }
    // The link of a removed leaf still attracts the packets for its containers.
    for (const leaf of [...this.#leaves.values()].flat()) if (linkIndex(leaf) === undefined) removeLeaf(handles, leaf);
    this.#findLeaves();
    const connected = connectPorts({ ...handles, places: this }, ports);
    if (connected.length > 0) {
      repaired.push(`${connected.length} links of containers lost their bridge`);
      for (const leaf of [...this.#leaves.values()].flat()) forgetAddresses(handles, leaf);
    }
    this.#repairLimits(ports, { repaired, failed });
    this.#follow();
    const present = new Set(listLinks(this.#handles.netlink).map(({ name }) => name));
    const lost = ports.map(({ hostLink }) => hostLink).filter((name) => !present.has(name));
    return { repaired, failed, lost };
  }

  /** From then on a signal announces a shaper that others remove. */
  #repairLimits(ports: readonly BridgePort[], found: { readonly repaired: string[]; readonly failed: string[] }): void {
    this.#shapers = ports.flatMap(({ limits }) => (limits?.fromContainer === undefined ? [] : limits.shaper));
    try {
      const limited = repairLimits(this.#handles, ports);
      if (limited.length > 0) found.repaired.push(`${limited.length} links of containers lost their traffic limits`);
    } catch (error) {
      found.failed.push(messageOf(error));
    }
  }

  /** @returns the bridges that stay because others use them */
  remove(names: readonly string[]): readonly UsedLink[] {
    const handles = { ...this.#handles, nftables: this.#firewall.nftables };
    for (const name of names) {
      for (const leaf of this.#leaves.get(name) ?? []) removeLeaf(handles, leaf);
      this.#leaves.delete(name);
      this.#plans.delete(name);
      this.#stars.recount(name);
    }
    this.#follow();
    return names.flatMap((name) => removeBridge(handles, name) ?? []);
  }

  #follow(): void {
    this.#watch ??= new BridgeWatch();
    const leaves = [...this.#leaves.values()].flat().flatMap(watchedLinks);
    const names = [...this.#plans.keys(), ...this.#shapers, ...leaves];
    const indexes = names.flatMap((name) => linkIndex(name) ?? []);
    // Links that the engine removes itself have another group by then.
    this.#watch.follow({ indexes, group: this.#handles.config.linkGroup });
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}
