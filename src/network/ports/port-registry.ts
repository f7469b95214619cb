import { closeSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import { bindHostPort, type Family } from '../../linux/index.ts';
import type { PortProtocol } from '../firewall/table.ts';
import { allPortsAllocated, portAllocated, portBindFailed, protocolMissing } from './port-errors.ts';
import { overlapping, type PortGroup, portGroups } from './port-groups.ts';
import type { PortRequest } from './port-request.ts';

/**
 * A port of the host that belongs to a container, on one address. `fd` is the socket that reserves it, if there is one.
 */
export interface PublishedPort {
  readonly hostAddress: string;
  /** 0 for a port that others reach by the container's own address, without one of the host. */
  readonly hostPort: number;
  readonly protocol: PortProtocol;
  /** The container's port. */
  readonly port: number;
  readonly fd: number | undefined;
}

/** Binds a socket of the host. Tests replace it. @throws SyscallError */
export type BindPort = (port: { protocol: PortProtocol; address: string; port: number }) => number;

export interface PortRegistryOptions {
  /** The range from which the engine chooses ports: ip_local_port_range. */
  readonly ephemeral: { readonly first: number; readonly last: number };
  readonly hasIpv6: boolean;
  readonly bind?: BindPort;
}

/**
 * The host ports of this engine's containers. Reserving is synchronous: two starts never compete for a port. It first
 * checks the engine's own ports and then binds a socket, so that no other process has the port or can take it later.
 */
export class PortRegistry {
  readonly #options: PortRegistryOptions;
  readonly #bind: BindPort;
  /** Taken addresses by port, such as `tcp:8080`. */
  readonly #taken = new Map<string, Set<string>>();
  readonly #next = new Map<PortProtocol, number>();

  constructor(options: PortRegistryOptions) {
    this.#options = options;
    this.#bind = options.bind ?? bindHostPort;
  }

  /**
   * Reserves a host port for every request, or none. `target` is the container's address, for messages. In `routed`
   * families no port of the host is needed.
   * @throws EngineError in Docker's words, without the endpoint
   */
  reserve(requests: readonly PortRequest[], target: string, routed: readonly Family[] = []): readonly PublishedPort[] {
    const taken: PublishedPort[] = [];
    const open = new Map<string, PublishedPort>();
    try {
      for (const group of portGroups(requests, this.#options.hasIpv6)) {
        const { port, protocol } = group;
        const isRouted = ({ address }: PortGroup['addresses'][number]): boolean =>
          routed.includes(isIP(address) as Family);
        for (const { address } of group.addresses.filter(isRouted)) {
          const hostAddress = isIP(address) === 4 ? '0.0.0.0' : '::';
          open.set(`${hostAddress} ${port}/${protocol}`, { hostAddress, hostPort: 0, protocol, port, fd: undefined });
        }
        const addresses = group.addresses.filter((each) => !isRouted(each));
        if (addresses.length > 0) taken.push(...this.#reserveGroup({ ...group, addresses }, target));
      }
      return [...open.values(), ...taken];
    } catch (error) {
      closeSockets(taken);
      this.release(taken);
      throw error;
    }
  }

  /** Releases the ports. The caller closes their sockets first. */
  release(ports: readonly PublishedPort[]): void {
    for (const { protocol, hostAddress, hostPort } of ports) {
      const key = `${protocol}:${hostPort}`;
      const addresses = this.#taken.get(key);
      addresses?.delete(hostAddress);
      if (addresses?.size === 0) this.#taken.delete(key);
    }
  }

  #reserveGroup(group: PortGroup, target: string): readonly PublishedPort[] {
    let refusal: unknown;
    for (const hostPort of this.#candidates(group)) {
      const clash = this.#clash(group, hostPort);
      if (clash !== undefined) {
        if (group.first === group.last && group.first !== 0) throw portAllocated(clash, hostPort);
        continue;
      }
      try {
        const ports = this.#take(group, hostPort, target);
        const isNew = group.first === 0 && group.preferred?.includes(hostPort) !== true;
        if (isNew) this.#next.set(group.protocol, hostPort + 1);
        return ports;
      } catch (error) {
        // Another port does not help with an address that the host does not have.
        if (!isTaken(error)) throw error;
        refusal = error;
      }
    }
    throw refusal ?? allPortsAllocated();
  }

  /** The requested ports, the preferred ones first. For any port: the whole ephemeral range, from where the last search ended. */
  *#candidates({ first, last, protocol, preferred = [] }: PortGroup): Generator<number> {
    const allowed = first === 0 ? this.#options.ephemeral : { first, last };
    for (const port of preferred) if (port >= allowed.first && port <= allowed.last) yield port;
    if (first !== 0) {
      for (let port = first; port <= last; port++) yield port;
      return;
    }
    const range = this.#options.ephemeral;
    const start = this.#next.get(protocol) ?? range.first;
    for (let port = start; port <= range.last; port++) yield port;
    for (let port = range.first; port < start; port++) yield port;
  }

  /** The address on which a container of this engine has the port already. */
  #clash({ addresses, protocol }: PortGroup, hostPort: number): string | undefined {
    const present = this.#taken.get(`${protocol}:${hostPort}`);
    if (present === undefined) return undefined;
    for (const { address } of addresses) {
      const clash = overlapping(present, address);
      if (clash !== undefined) return clash;
    }
    return undefined;
  }

  #take(group: PortGroup, hostPort: number, target: string): readonly PublishedPort[] {
    const { protocol, port } = group;
    const key = `${protocol}:${hostPort}`;
    const taken: PublishedPort[] = [];
    for (const { address: hostAddress, optional } of group.addresses) {
      try {
        const fd = this.#bindOne(protocol, hostAddress, hostPort, { optional });
        taken.push({ hostAddress, hostPort, protocol, port, fd });
      } catch (error) {
        closeSockets(taken);
        if (isUnsupported(error)) throw protocolMissing(hostAddress, hostPort, error);
        throw portBindFailed({ ...group, hostAddress, hostPort, target }, error);
      }
    }
    const present = this.#taken.get(key) ?? new Set<string>();
    for (const { hostAddress } of taken) present.add(hostAddress);
    this.#taken.set(key, present);
    return taken;
  }

  /** Returns undefined without IPv6, where the address is optional. */
  #bindOne(
    protocol: PortProtocol,
    address: string,
    port: number,
    options: { readonly optional: boolean },
  ): number | undefined {
    try {
      return this.#bind({ protocol, address, port });
    } catch (error) {
      const code = errnoOf(error);
      if (options.optional && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) return undefined;
      throw error;
    }
  }

  /**
   * Reserves the ports of a running container again. A port that another process took meanwhile stays published by the
   * firewall, and is in `lost`.
   */
  adopt(ports: readonly Omit<PublishedPort, 'fd'>[]): {
    readonly ports: readonly PublishedPort[];
    readonly lost: readonly string[];
  } {
    const adopted: PublishedPort[] = [];
    const lost: string[] = [];
    for (const port of ports) {
      const { protocol, hostAddress, hostPort } = port;
      let fd: number | undefined;
      if (hostPort === 0) {
        adopted.push({ ...port, fd });
        continue;
      }
      try {
        fd = this.#bindOne(protocol, hostAddress, hostPort, { optional: hostAddress === '::' });
      } catch (error) {
        // A kernel without SCTP sockets. Another engine, or an earlier version, published the port.
        if (!isUnsupported(error)) lost.push(`${hostAddress}:${hostPort}/${protocol}`);
      }
      const key = `${protocol}:${hostPort}`;
      const present = this.#taken.get(key) ?? new Set<string>();
      this.#taken.set(key, present.add(hostAddress));
      adopted.push({ ...port, fd });
    }
    return { ports: adopted, lost };
  }
}

export function closeSockets(ports: readonly PublishedPort[]): void {
  for (const { fd } of ports) if (fd !== undefined) closeSync(fd);
}

/** Whether the kernel has no sockets of the protocol: not every kernel has SCTP. */
function isUnsupported(error: unknown): boolean {
  return ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'].includes(errnoOf(error) ?? '');
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && errnoOf(error.cause) === 'EADDRINUSE';
}
