import { isIPv4 } from 'node:net';
import type { Logger } from '../../base/logger.ts';
import type { PortBinding, PortMap } from '../../spec/index.ts';
import type { PortElement } from '../firewall/table.ts';
import { closeSockets, type PortRegistry, type PublishedPort } from './port-registry.ts';
import { type PortRelay, relayPort } from './port-relay.ts';
import type { RelayBudget } from './relay-budget.ts';

export interface ContainerPortsDeps {
  readonly registry: PortRegistry;
  readonly logger: Logger;
  readonly budget: RelayBudget;
}

/** The published ports of an attached container. Owns their sockets. */
export class ContainerPorts implements Disposable {
  readonly #deps: ContainerPortsDeps;
  readonly #ports: readonly PublishedPort[];
  readonly #target: { address: string };
  #relays: PortRelay[] | undefined;
  #released = false;

  constructor(deps: ContainerPortsDeps, ports: readonly PublishedPort[], target: string) {
    this.#deps = deps;
    this.#ports = ports;
    this.#target = { address: target };
  }

  get isEmpty(): boolean {
    return this.#ports.length === 0;
  }

  /** The container's address. '' for none. */
  get target(): string {
    return this.#target.address;
  }

  /** Leads the ports to another address of the container. '' leads them nowhere. */
  retarget(address: string): void {
    this.#target.address = address;
  }

  /** The elements for the firewall, which serves only IPv4. */
  elements(): readonly PortElement[] {
    const { address } = this.#target;
    if (address === '') return [];
    return this.#ports
      .filter(({ hostAddress }) => isIPv4(hostAddress))
      .map(({ hostAddress, hostPort, protocol, port }) => ({
        hostAddress: hostAddress === '0.0.0.0' ? null : hostAddress,
        protocol,
        hostPort,
        address,
        port,
      }));
  }

  /**
   * Serves connections that reach the sockets themselves. It starts a moment later, since nobody waits for it: clients
   * queue in the kernel.
   */
  relay(): void {
    setImmediate(() => {
      if (this.#released || this.#relays !== undefined) return;
      this.#relays = [];
      for (const port of this.#ports) {
        const { fd, protocol } = port;
        if (fd !== undefined && protocol !== 'sctp') {
          this.#relays.push(relayPort({ ...port, fd }, this.#target, this.#deps));
        }
      }
    }).unref();
  }

  /** `NetworkSettings.Ports` of the published ports. */
  map(): PortMap {
    const map: Record<string, PortBinding[]> = {};
    for (const { hostAddress, hostPort, protocol, port } of this.#ports) {
      const key = `${port}/${protocol}`;
      map[key] = [...(map[key] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
    }
    return map;
  }

  /** Closes the sockets and releases the ports. May be repeated. */
  [Symbol.dispose](): void {
    if (this.#released) return;
    this.#released = true;
    const relayed = this.#relays !== undefined;
    for (const relay of this.#relays ?? []) relay[Symbol.dispose]();
    closeSockets(relayed ? this.#ports.filter(({ protocol }) => protocol === 'sctp') : this.#ports);
    this.#deps.registry.release(this.#ports);
  }
}
