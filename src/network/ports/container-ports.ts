import { isIPv4 } from 'node:net';
import type { Logger } from '../../base/logger.ts';
import type { Family } from '../../linux/index.ts';
import type { PortBinding, PortMap } from '../../spec/index.ts';
import type { PortElement } from '../firewall/table.ts';
import { closeSockets, type PortRegistry, type PublishedPort } from './port-registry.ts';
import { type PortRelay, relayPort } from './port-relay.ts';
import type { RelayBudget } from './relay-budget.ts';

export interface ContainerPortsDeps {
  readonly registry: PortRegistry;
  readonly logger: Logger;
  readonly budget: RelayBudget;
  /**
   * Whether ports of the host are relayed, and never translated. Their traffic is then delivered to the host, whose
   * firewall decides by its rules for input.
   */
  readonly throughInput: boolean;
}

/** The addresses of a container that its published ports lead to, one for each family. '' for none. */
export interface PortTarget {
  readonly ipv4: string;
  readonly ipv6: string;
  /** The families in which others reach the ports by the container's own address. */
  readonly routed: readonly Family[];
  /** The families in which some interfaces of the host reach the ports so too. */
  readonly trusting: readonly Family[];
}

export const NO_TARGET: PortTarget = { ipv4: '', ipv6: '', routed: [], trusting: [] };

/** The published ports of an attached container. Owns their sockets. */
export class ContainerPorts implements Disposable {
  readonly #deps: ContainerPortsDeps;
  readonly #ports: readonly PublishedPort[];
  #target: PortTarget;
  #relays: PortRelay[] | undefined;
  #released = false;

  constructor(deps: ContainerPortsDeps, ports: readonly PublishedPort[], target: PortTarget) {
    this.#deps = deps;
    this.#ports = ports;
    this.#target = target;
  }

  get isEmpty(): boolean {
    return this.#ports.length === 0;
  }

  get target(): PortTarget {
    return this.#target;
  }

  /** Leads the ports to other addresses of the container. {@link NO_TARGET} leads them nowhere. */
  retarget(target: PortTarget): void {
    this.#target = target;
  }

  /** The elements for the firewall. It translates within a family: other ports are relayed alone. */
  elements(): readonly PortElement[] {
    const elements = this.#ports.flatMap((published) => this.#elementsOf(published));
    if (this.#target.trusting.length === 0) return elements;
    // Several ports of the host may lead to one of the container. The firewall refuses to delete an element twice.
    return [...new Map(elements.map((element) => [JSON.stringify(element), element])).values()];
  }

  #elementsOf({ hostAddress, hostPort, protocol, port }: PublishedPort): readonly PortElement[] {
    const { ipv4, ipv6, routed, trusting } = this.#target;
    const family = isIPv4(hostAddress) ? 4 : 6;
    const address = family === 4 ? ipv4 : ipv6;
    const inside = { protocol, address, port };
    if (address === '') return [];
    // A port without one of the host is open on a routed network alone.
    if (hostPort === 0) return routed.includes(family) ? [{ kind: 'open', ...inside }] : [];
    const isAny = hostAddress === '0.0.0.0' || hostAddress === '::';
    const translated = { kind: 'translated', hostAddress: isAny ? null : hostAddress, hostPort, ...inside } as const;
    return [
      ...(this.#deps.throughInput ? [] : [translated]),
      ...(trusting.includes(family) ? [{ kind: 'trusted', ...inside } as const] : []),
    ];
  }

  /** The address for traffic that reaches the socket of a port: of the socket's family if there is one. */
  #relayTarget({ hostAddress }: PublishedPort): string {
    const { ipv4, ipv6 } = this.#target;
    return isIPv4(hostAddress) ? ipv4 || ipv6 : ipv6 || ipv4;
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
          this.#relays.push(relayPort({ ...port, fd }, () => this.#relayTarget(port), this.#deps));
        }
      }
    }).unref();
  }

  /** `NetworkSettings.Ports` of the published ports. */
  map(): PortMap {
    const map: Record<string, PortBinding[]> = {};
    for (const { hostAddress, hostPort, protocol, port } of this.#ports) {
      const key = `${port}/${protocol}`;
      map[key] = [...(map[key] ?? []), { HostIp: hostAddress, HostPort: hostPort === 0 ? '' : String(hostPort) }];
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
