import { EngineError, invalid } from '../../base/errors.ts';
import { formatAddress, parseAddress } from './address.ts';
import { contains, formatSubnet, type Subnet, sizeOf } from './subnet.ts';

/** Numbers of addresses of a subnet. */
export interface SubnetUse {
  readonly inUse: number;
  readonly free: number;
}

/**
 * Allocates the addresses of one subnet: the lowest free one first, as Docker does. It keeps the addresses in use in
 * memory.
 */
export class AddressAllocator {
  readonly subnet: Subnet;
  /** The part of the subnet to allocate from. */
  readonly #range: Subnet;
  /** Addresses that are not for containers. */
  readonly #reserved: ReadonlySet<bigint>;
  readonly #taken = new Set<bigint>();
  /** Every address of the range below is in use or reserved. */
  #lowest: bigint;

  /**
   * `reserved` addresses, such as the gateway, are not for containers. Nor are the network's own address, and the
   * broadcast address of IPv4.
   */
  constructor(
    subnet: Subnet,
    { range = subnet, reserved }: { readonly range?: Subnet; readonly reserved: readonly string[] },
  ) {
    this.subnet = subnet;
    this.#range = range;
    this.#lowest = range.base;
    this.#reserved = new Set([
      subnet.base,
      ...(subnet.family === 4 ? [subnet.base + sizeOf(subnet) - 1n] : []),
      ...reserved.map((address) => parseAddress(address).value),
    ]);
  }

  /** @throws EngineError unavailable when no address is free */
  allocate(): string {
    const { family, base } = this.#range;
    const end = base + sizeOf(this.#range);
    for (let value = this.#lowest; value < end; value++) {
      if (this.#isInUse(value)) continue;
      this.#taken.add(value);
      this.#lowest = value + 1n;
      return formatAddress({ family, value });
    }
    throw new EngineError(
      'unavailable',
      `no available IPv${family} addresses on this network's address pools: ${formatSubnet(this.subnet)}`,
    );
  }

  /**
   * Allocates a given address. @throws EngineError as Docker: invalid outside the subnet, forbidden when it is in use
   */
  reserve(text: string): void {
    const address = parseAddress(text);
    if (!contains(this.subnet, address)) {
      throw invalid(`no configured subnet contains IP address ${text}`);
    }
    if (this.#isInUse(address.value)) throw new EngineError('forbidden', 'Address already in use');
    this.#taken.add(address.value);
  }

  /** Counts every address of the subnet, and reserved ones as in use. */
  use(): SubnetUse {
    const inUse = this.#taken.size + this.#reserved.size;
    return { inUse, free: Math.max(0, Number(sizeOf(this.subnet)) - inUse) };
  }

  /** May be repeated. */
  release(text: string): void {
    const { value } = parseAddress(text);
    if (this.#taken.delete(value) && value < this.#lowest && value >= this.#range.base) this.#lowest = value;
  }

  #isInUse(value: bigint): boolean {
    return this.#taken.has(value) || this.#reserved.has(value);
  }
}
