import { invalid } from '../../base/errors.ts';
import { type Family, formatAddress, parseAddress } from './address.ts';
import { AddressAllocator } from './address-allocator.ts';
import { contains, formatSubnet, parseCidr } from './subnet.ts';

/** A subnet of a network, as a client gives it or the engine chooses it. */
export interface IpamPool {
  /** Such as `172.17.0.0/16` or `fd00::/64`. */
  readonly subnet: string;
  readonly gateway?: string;
  /** Whether a client gave the subnet. Otherwise the engine chose it. */
  readonly isConfigured?: true;
  /** Whether the engine chose the gateway in a subnet that a client gave. Docker does not show such a gateway. */
  readonly isGatewayImplied?: true;
  /** The part of the subnet from which addresses are allocated. Default: all of it. */
  readonly ipRange?: string;
  /** Addresses of the subnet that containers do not get, by name. */
  readonly auxAddresses?: Readonly<Record<string, string>>;
  /** The plugin's name of the pool. Absent for pools of the engine. */
  readonly poolId?: string;
}

/** An address of an endpoint. */
export interface AllocatedAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** '' for a network without a gateway. */
  readonly gateway: string;
}

/** An address of each family that the endpoint has. */
export interface FamilyAddresses {
  readonly ipv4: AllocatedAddress | undefined;
  readonly ipv6: AllocatedAddress | undefined;
}

interface PoolState {
  readonly pool: IpamPool;
  readonly allocator: AddressAllocator;
}

/** The addresses of one network, of all its pools. They are kept in memory: they follow from the running containers. */
export class NetworkAddresses {
  readonly #pools: readonly PoolState[];

  constructor(pools: readonly IpamPool[]) {
    this.#pools = pools.map((pool) => ({ pool, allocator: allocatorOf(pool) }));
  }

  /**
   * Allocates the wanted address, or the lowest free one of the first pool that has one. Returns undefined for a network
   * without pools of the family.
   * @throws EngineError unavailable, invalid outside all pools, forbidden for an address in use
   */
  allocate(family: Family, wanted = ''): AllocatedAddress | undefined {
    const pools = this.#pools.filter(({ allocator }) => allocator.subnet.family === family);
    if (wanted !== '') {
      const state = holding(pools, wanted);
      state.allocator.reserve(wanted);
      return allocated(state, formatAddress(parseAddress(wanted)));
    }
    let failure: unknown;
    for (const state of pools) {
      try {
        return allocated(state, state.allocator.allocate());
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /** Marks an address as in use. @throws EngineError as {@link allocate} */
  reserve(address: string): void {
    holding(this.#pools, address).allocator.reserve(address);
  }

  /** May be repeated. Addresses outside all pools are ignored. */
  release(address: string): void {
    const parsed = parseAddress(address);
    this.#pools.find(({ allocator }) => contains(allocator.subnet, parsed))?.allocator.release(address);
  }

  /** Numbers of addresses by subnet. */
  use(): Readonly<Record<string, { readonly inUse: number; readonly free: number }>> {
    return Object.fromEntries(this.#pools.map(({ allocator }) => [formatSubnet(allocator.subnet), allocator.use()]));
  }
}

function allocatorOf({ subnet, gateway, ipRange, auxAddresses = {} }: IpamPool): AddressAllocator {
  return new AddressAllocator(parseCidr(subnet).subnet, {
    ...(ipRange === undefined ? {} : { range: parseCidr(ipRange).subnet }),
    reserved: [...(gateway === undefined ? [] : [gateway]), ...Object.values(auxAddresses)],
  });
}

function holding(pools: readonly PoolState[], address: string): PoolState {
  const parsed = parseAddress(address);
  const found = pools.find(({ allocator }) => contains(allocator.subnet, parsed));
  if (found === undefined) throw invalid(`no configured subnet contains IP address ${address}`);
  return found;
}

function allocated({ pool, allocator }: PoolState, address: string): AllocatedAddress {
  return { address, prefixLength: allocator.subnet.prefixLength, gateway: pool.gateway ?? '' };
}
