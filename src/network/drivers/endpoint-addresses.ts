import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';
import type { SubnetUse } from '../ipam/address-allocator.ts';
import { type AllocatedAddress, NetworkAddresses } from '../ipam/network-addresses.ts';
import type { PlannedAddress } from '../kernel/protocol.ts';
import { type NetworkRecord, poolsInUse } from '../model/network-record.ts';

/** The addresses of an endpoint, one for each family of its network. */
export type EndpointAddress = Readonly<Record<'ipv4' | 'ipv6', AllocatedAddress | undefined>>;

/** The addresses in use on the networks of a driver. They are kept in memory: they follow from the running containers. */
export class EndpointAddresses {
  readonly #byNetwork = new Map<string, NetworkAddresses>();

  /**
   * Allocates an address of each family of the network, or none. An internal network has no gateway.
   * @throws EngineError as `NetworkAddresses.allocate`
   */
  allocate(record: NetworkRecord, { IPAMConfig }: EndpointSettings): EndpointAddress {
    const addresses = this.#of(record);
    const allocate = (family: Family, wanted = ''): AllocatedAddress | undefined => {
      const allocated = addresses.allocate(family, wanted);
      return allocated && record.internal ? { ...allocated, gateway: '' } : allocated;
    };
    const ipv4 = allocate(4, IPAMConfig?.IPv4Address);
    try {
      return { ipv4, ipv6: allocate(6, IPAMConfig?.IPv6Address) };
    } catch (error) {
      if (ipv4 !== undefined) addresses.release(ipv4.address);
      throw error;
    }
  }

  /** Allocates the addresses of an existing endpoint. */
  adopt(record: NetworkRecord, settings: EndpointSettings): void {
    for (const address of addressesOf(settings)) {
      try {
        this.#of(record).reserve(address);
      } catch {
        // The address belongs to another subnet, because the configuration has changed, or is there twice. It is dropped.
      }
    }
  }

  /** May be repeated. */
  release(record: NetworkRecord, settings: EndpointSettings): void {
    for (const address of addressesOf(settings)) this.#of(record).release(address);
  }

  use(record: NetworkRecord): Readonly<Record<string, SubnetUse>> {
    return this.#of(record).use();
  }

  forget({ id }: NetworkRecord): void {
    this.#byNetwork.delete(id);
  }

  #of(record: NetworkRecord): NetworkAddresses {
    let addresses = this.#byNetwork.get(record.id);
    if (addresses === undefined) {
      addresses = new NetworkAddresses(poolsInUse(record));
      this.#byNetwork.set(record.id, addresses);
    }
    return addresses;
  }
}

/** The fields of an endpoint's settings that its addresses fill in. */
export function addressSettings({ ipv4, ipv6 }: EndpointAddress): Partial<EndpointSettings> {
  return {
    ...(ipv4 && { Gateway: ipv4.gateway, IPAddress: ipv4.address, IPPrefixLen: ipv4.prefixLength }),
    ...(ipv6 && {
      IPv6Gateway: ipv6.gateway,
      GlobalIPv6Address: ipv6.address,
      GlobalIPv6PrefixLen: ipv6.prefixLength,
    }),
  };
}

/** The addresses of a link, with link-local ones that a client asked for, and the gateways of its default routes. */
export function addressPlan(
  { ipv4, ipv6 }: EndpointAddress,
  linkLocal: readonly PlannedAddress[],
): { readonly addresses: readonly PlannedAddress[]; readonly gateways: readonly string[] } {
  const all = [ipv4, ipv6].filter((address) => address !== undefined);
  return {
    addresses: [...all.map(({ address, prefixLength }) => ({ address, prefixLength })), ...linkLocal],
    gateways: all.map(({ gateway }) => gateway).filter((gateway) => gateway !== ''),
  };
}

/** The addresses of an endpoint, of both families. */
function addressesOf({ IPAddress = '', GlobalIPv6Address = '' }: EndpointSettings): readonly string[] {
  return [IPAddress, GlobalIPv6Address].filter((address) => address !== '');
}
