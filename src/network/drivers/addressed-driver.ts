import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';
import type { SubnetUse } from '../ipam/address-allocator.ts';
import { type AllocatedAddress, type FamilyAddresses, NetworkAddresses } from '../ipam/network-addresses.ts';
import type { InnerLink, PlannedAddress } from '../kernel/protocol.ts';
import { parseHardwareAddress } from '../model/hardware-address.ts';
import { type NetworkRecord, poolsInUse } from '../model/network-record.ts';
import type { PresentNames } from './driver.ts';
import { checkEndpoint, linkLocalAddresses } from './endpoint-settings.ts';

/** The addresses of an endpoint: one for each family of its network, and the link-local ones that a client asked for. */
export interface EndpointAddresses extends FamilyAddresses {
  readonly linkLocal: readonly PlannedAddress[];
}

/**
 * What drivers have in common whose networks have addresses. The addresses in use are kept in memory: they follow from
 * the running containers.
 */
export abstract class AddressedDriver {
  readonly #byNetwork = new Map<string, NetworkAddresses>();

  checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void {
    checkEndpoint(record, asked);
  }

  adopt(record: NetworkRecord, settings: EndpointSettings): void {
    this.#count(record, addressesOf(settings));
  }

  use(record: NetworkRecord): Readonly<Record<string, SubnetUse>> {
    return this.#of(record).use();
  }

  disconnect(record: NetworkRecord, settings: EndpointSettings): void {
    for (const address of addressesOf(settings)) this.#of(record).release(address);
  }

  forget({ id }: NetworkRecord): void {
    this.#byNetwork.delete(id);
  }

  /**
   * Allocates an address of each family of the network, or none. `lent` are those of an IPAM plugin. An internal network
   * has no gateway.
   * @throws EngineError as `NetworkAddresses.allocate`, and as `linkLocalAddresses`
   */
  protected allocate(
    record: NetworkRecord,
    asked: EndpointSettings,
    lent: FamilyAddresses | undefined,
  ): EndpointAddresses {
    const linkLocal = linkLocalAddresses(asked);
    const addresses = this.#of(record);
    const withGateway = (allocated: AllocatedAddress | undefined): AllocatedAddress | undefined =>
      allocated && record.internal ? { ...allocated, gateway: '' } : allocated;
    if (lent !== undefined) {
      this.#count(record, addressesOf({ IPAddress: lent.ipv4?.address, GlobalIPv6Address: lent.ipv6?.address }));
      return { ipv4: withGateway(lent.ipv4), ipv6: withGateway(lent.ipv6), linkLocal };
    }
    const allocate = (family: Family, wanted = ''): AllocatedAddress | undefined =>
      withGateway(addresses.allocate(family, wanted));
    const ipv4 = allocate(4, asked.IPAMConfig?.IPv4Address);
    try {
      return { ipv4, ipv6: allocate(6, asked.IPAMConfig?.IPv6Address), linkLocal };
    } catch (error) {
      if (ipv4 !== undefined) addresses.release(ipv4.address);
      throw error;
    }
  }

  /** Counts addresses that the network does not allocate itself. */
  #count(record: NetworkRecord, addresses: readonly string[]): void {
    for (const address of addresses) {
      try {
        this.#of(record).reserve(address);
      } catch {
        // The address belongs to another subnet, because the configuration has changed, or is there twice. It is dropped.
      }
    }
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
export function addressSettings({ ipv4, ipv6 }: EndpointAddresses): Partial<EndpointSettings> {
  return {
    ...(ipv4 && { Gateway: ipv4.gateway, IPAddress: ipv4.address, IPPrefixLen: ipv4.prefixLength }),
    ...(ipv6 && {
      IPv6Gateway: ipv6.gateway,
      GlobalIPv6Address: ipv6.address,
      GlobalIPv6PrefixLen: ipv6.prefixLength,
    }),
  };
}

/** The addresses of a link, and the gateways of its default routes. */
export function addressPlan({ ipv4, ipv6, linkLocal }: EndpointAddresses): {
  readonly addresses: readonly PlannedAddress[];
  readonly gateways: readonly string[];
} {
  const all = [ipv4, ipv6].filter((address) => address !== undefined);
  return {
    addresses: [...all.map(({ address, prefixLength }) => ({ address, prefixLength })), ...linkLocal],
    gateways: all.map(({ gateway }) => gateway).filter((gateway) => gateway !== ''),
  };
}

/** The addresses of a link, as the settings of its endpoint have them: the allocated ones, then the link-local ones. */
export function plannedAddresses(settings: EndpointSettings): readonly PlannedAddress[] {
  const { IPAddress = '', IPPrefixLen = 0, GlobalIPv6Address = '', GlobalIPv6PrefixLen = 0 } = settings;
  const allocated = [
    { address: IPAddress, prefixLength: IPPrefixLen },
    { address: GlobalIPv6Address, prefixLength: GlobalIPv6PrefixLen },
  ].filter(({ address }) => address !== '');
  return [...allocated, ...linkLocalAddresses(settings)];
}

/** The link of an endpoint that is in its sandbox alone. */
export function innerLink(settings: EndpointSettings, { name, source }: PresentNames): InnerLink | undefined {
  if (name === '') return undefined;
  const { MacAddress = '' } = settings;
  const hardwareAddress = MacAddress === '' ? '' : parseHardwareAddress(MacAddress).toString('hex');
  return { at: 'sandbox', name, source, hardwareAddress, addresses: addressesOf(settings) };
}

/** The addresses of an endpoint, of both families. */
function addressesOf({
  IPAddress = '',
  GlobalIPv6Address = '',
}: {
  readonly [Field in 'IPAddress' | 'GlobalIPv6Address']?: string | undefined;
}): readonly string[] {
  return [IPAddress, GlobalIPv6Address].filter((address) => address !== '');
}
