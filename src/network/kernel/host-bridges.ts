import { messageOf } from '../../base/errors.ts';
import { BridgeWatch, linkIndex, type Nftables } from '../../linux/index.ts';
import { bridgeDamage, removeBridge, removeOldAddresses, setUpBridge } from './host-bridge.ts';
import type { BridgePlan, KernelRequests, UsedBridge } from './protocol.ts';
import { connectPorts, type KernelHandles } from './sandbox-links.ts';

/** Makes, watches, repairs and removes the engine's bridges, on the kernel thread. */
export class HostBridges implements Disposable {
  readonly #handles: KernelHandles;
  readonly #nftables: () => Nftables;
  #watch: BridgeWatch | undefined;

  constructor(handles: KernelHandles, nftables: () => Nftables) {
    this.#handles = handles;
    this.#nftables = nftables;
  }

  /**
   * Makes missing bridges. From then on a signal announces changes by others. @throws SyscallError, Error in plain
   * words
   */
  setUp(bridges: readonly BridgePlan[]): void {
    const handles = { ...this.#handles, nftables: this.#nftables() };
    for (const plan of bridges) {
      setUpBridge(handles, plan);
      removeOldAddresses(handles, plan);
    }
    this.#follow(bridges);
  }

  /** @throws SyscallError for ports; damage that cannot be repaired is in the result */
  repair({ networks, ports }: KernelRequests['repairBridges']['params']): KernelRequests['repairBridges']['result'] {
    // Changes from here on signal again.
    this.#watch?.drain();
    const handles = { ...this.#handles, nftables: this.#nftables() };
    const repaired: string[] = [];
    const failed: string[] = [];
    for (const plan of networks) {
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
    this.#follow(networks);
    return { repaired, failed };
  }

  /** @returns the bridges that stay because others use them */
  remove(names: readonly string[]): readonly UsedBridge[] {
    const handles = { ...this.#handles, nftables: this.#nftables() };
    this.#watch?.follow([]);
    return names.flatMap((name) => removeBridge(handles, name) ?? []);
  }

  #follow(bridges: readonly BridgePlan[]): void {
    this.#watch ??= new BridgeWatch();
    this.#watch.follow(bridges.flatMap(({ bridge }) => linkIndex(bridge) ?? []));
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}
