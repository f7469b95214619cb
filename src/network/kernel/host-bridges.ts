import { messageOf } from '../../base/errors.ts';
import { BridgeWatch, linkIndex, type Nftables } from '../../linux/index.ts';
import { bridgeDamage, ownBridges, removeBridge, removeOldAddresses, setUpBridge } from './host-bridge.ts';
import type { KernelHandles } from './kernel-handles.ts';
import { repairLimits } from './link-limits.ts';
import { type BridgePlan, type BridgePort, bridgePlans, type KernelRequests, type UsedLink } from './protocol.ts';
import { connectPorts } from './sandbox-links.ts';

/** Makes, watches, repairs and removes the engine's bridges, on the kernel thread. */
export class HostBridges implements Disposable {
  readonly #handles: KernelHandles;
  readonly #nftables: () => Nftables;
  #watch: BridgeWatch | undefined;
  /** The bridges to watch, by name. */
  #plans = new Map<string, BridgePlan>();
  /** Further links to watch: the shapers of containers with limited traffic. */
  #shapers: readonly string[] = [];

  constructor(handles: KernelHandles, nftables: () => Nftables) {
    this.#handles = handles;
    this.#nftables = nftables;
  }

  /**
   * Makes missing bridges, and removes those of networks that no longer exist. From then on a signal announces changes
   * by others. @returns what failed, for users @throws SyscallError, Error in plain words, for a bridge that is required
   */
  setUp(bridges: readonly BridgePlan[]): readonly string[] {
    const handles = { ...this.#handles, nftables: this.#nftables() };
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

  /** @throws SyscallError for ports; damage that cannot be repaired is in the result */
  repair({ networks, ports }: KernelRequests['repairBridges']['params']): KernelRequests['repairBridges']['result'] {
    // Changes from here on signal again.
    this.#watch?.drain();
    const handles = { ...this.#handles, nftables: this.#nftables() };
    const repaired: string[] = [];
    const failed: string[] = [];
    for (const plan of bridgePlans(networks)) {
      const damage = bridgeDamage(handles, plan);
      if (damage === undefined) continue;
      try {
        setUpBridge(handles, plan);
        repaired.push(`bridge ${plan.bridge} ${damage}`);
      } catch (error) {
        failed.push(`bridge ${plan.bridge} ${damage}: ${messageOf(error)}`);
      }
    }
    const connected = connectPorts(handles, ports);
    if (connected.length > 0) repaired.push(`${connected.length} links of containers lost their bridge`);
    this.#repairLimits(ports, { repaired, failed });
    this.#follow();
    return { repaired, failed };
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
    const handles = { ...this.#handles, nftables: this.#nftables() };
    for (const name of names) this.#plans.delete(name);
    this.#follow();
    return names.flatMap((name) => removeBridge(handles, name) ?? []);
  }

  #follow(): void {
    this.#watch ??= new BridgeWatch();
    this.#watch.follow([...this.#plans.keys(), ...this.#shapers].flatMap((bridge) => linkIndex(bridge) ?? []));
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}
