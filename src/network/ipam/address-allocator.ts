import { EngineError, invalid } from '../../base/errors.ts';
import { contains, formatAddress, formatSubnet, parseAddress, type Subnet, sizeOf } from './subnet.ts';

/**
 * Allocates the addresses of one network: the lowest free one first, as Docker does. It keeps the addresses in use in
 * memory.
 */
export class AddressAllocator {
  readonly subnet: Subnet;
  readonly #taken = new Set<number>();
  /** Every address below is in use or reserved. */
  #lowest: number;

  /**
   * `reserved` addresses, such as the gateway, are not for containers, nor are the network's own and its broadcast
   * address.
   */
  constructor(subnet: Subnet, reserved: readonly string[]) {
    this.subnet = subnet;
    this.#lowest = subnet.base + 1;
    for (const address of reserved) this.#taken.add(parseAddress(address));
  }

  /** @throws EngineError unavailable when no address is free */
  allocate(): string {
    const broadcast = this.subnet.base + sizeOf(this.subnet.prefixLength) - 1;
    for (let address = this.#lowest; address < broadcast; address++) {
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      this.#lowest = address + 1;
      return formatAddress(address);
    }
    throw new EngineError(
      'unavailable',
      `no available IPv4 addresses on this network's address pools: ${formatSubnet(this.subnet)}`,
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
    if (this.#taken.has(address)) throw new EngineError('forbidden', 'Address already in use');
    this.#taken.add(address);
  }

  status(): { readonly IPsInUse: number; readonly DynamicIPsAvailable: number } {
    const inUse = this.#taken.size + 2;
    return { IPsInUse: inUse, DynamicIPsAvailable: Math.max(0, sizeOf(this.subnet.prefixLength) - inUse) };
  }

  /** May be repeated. */
  release(text: string): void {
    const address = parseAddress(text);
    if (this.#taken.delete(address)) this.#lowest = Math.min(this.#lowest, address);
  }
}
