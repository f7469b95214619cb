import { EngineError } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';
import type { SubnetUse } from '../ipam/address-allocator.ts';
import { type AllocatedAddress, NetworkAddresses } from '../ipam/network-addresses.ts';
import { parseCidr } from '../ipam/subnet.ts';
import type { BridgePlan } from '../kernel/protocol.ts';
import { formatHardwareAddress, newHardwareAddress } from '../model/hardware-address.ts';
import { type NetworkRecord, poolsInUse } from '../model/network-record.ts';
import {
  BRIDGE_OPTION,
  bridgeHasAddress,
  checkBridgeOptions,
  DEFAULT_MTU,
  gatewayMode,
  isOn,
} from './bridge-options.ts';
import type { Endpoint, HostLink, LinkNames, NetworkDriver } from './driver.ts';
import { askedHardwareAddress, checkEndpoint, endpointSettings } from './endpoint-settings.ts';

/** Networks with a Linux bridge, and a veth pair per container. */
export class BridgeDriver implements NetworkDriver {
  readonly #addresses = new Map<string, NetworkAddresses>();
  /** Names of bridges that the user made. The engine neither makes nor removes them. */
  readonly #foreign: ReadonlySet<string>;

  constructor(foreignBridges: ReadonlySet<string> = new Set()) {
    this.#foreign = foreignBridges;
  }

  checkNetwork(record: NetworkRecord, others: readonly NetworkRecord[]): void {
    checkBridgeOptions(record);
    const families = poolsInUse(record).map(({ subnet }) => parseCidr(subnet).subnet.family);
    if (new Set(families).size < families.length) {
      throw new EngineError('forbidden', "bridge driver doesn't support multiple subnets");
    }
    const bridge = bridgeName(record);
    const other = others.find(({ driver, ...rest }) => driver === 'bridge' && bridgeName(rest) === bridge);
    if (other === undefined) return;
    const conflict = `conflicts with network ${other.id} (${bridge}): networks have same bridge name`;
    throw new EngineError('forbidden', `cannot create network ${record.id} (${bridge}): ${conflict}`);
  }

  needsGateway(options: Readonly<Record<string, string>>, family: Family): boolean {
    return gatewayMode(options, family) !== 'isolated';
  }

  hostPlan(record: NetworkRecord): BridgePlan {
    const bridge = bridgeName(record);
    const pools = poolsInUse(record).map(({ subnet, gateway }) => ({ ...parseCidr(subnet), gateway, text: subnet }));
    return {
      kind: 'bridge',
      bridge,
      subnets: pools.map(({ text }) => text),
      addresses: pools.flatMap(({ gateway, subnet: { family, prefixLength } }) =>
        gateway === undefined || !bridgeHasAddress(record.options, family) ? [] : [{ address: gateway, prefixLength }],
      ),
      unprotected: pools
        .filter(({ subnet: { family } }) => gatewayMode(record.options, family) === 'nat-unprotected')
        .map(({ subnet }) => subnet.family),
      mtu: mtuOf(record),
      masquerade: isOn(record.options, BRIDGE_OPTION.masquerade),
      interContainer: isOn(record.options, BRIDGE_OPTION.interContainer),
      internal: record.internal,
      mustExist: this.#foreign.has(bridge),
      isRequired: record.builtIn,
    };
  }

  checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void {
    checkEndpoint(record, asked);
  }

  connect(record: NetworkRecord, asked: EndpointSettings, { endpointId, name }: LinkNames): Endpoint {
    const hardwareAddress = askedHardwareAddress(asked) ?? newHardwareAddress();
    const { ipv4, ipv6 } = this.#allocate(record, asked);
    const addresses = [ipv4, ipv6].filter((address) => address !== undefined);
    return {
      settings: endpointSettings(asked, {
        MacAddress: formatHardwareAddress(hardwareAddress),
        ...(ipv4 && { Gateway: ipv4.gateway, IPAddress: ipv4.address, IPPrefixLen: ipv4.prefixLength }),
        ...(ipv6 && {
          IPv6Gateway: ipv6.gateway,
          GlobalIPv6Address: ipv6.address,
          GlobalIPv6PrefixLen: ipv6.prefixLength,
        }),
      }),
      link: {
        kind: 'veth',
        name,
        hostName: vethName(endpointId),
        bridge: bridgeName(record),
        mtu: mtuOf(record),
        hardwareAddress: hardwareAddress.toString('hex'),
        addresses: addresses.map(({ address, prefixLength }) => ({ address, prefixLength })),
        gateways: addresses.map(({ gateway }) => gateway).filter((gateway) => gateway !== ''),
      },
    };
  }

  /** Allocates an address of each family of the network, or none. An internal network has no way out. */
  #allocate(
    record: NetworkRecord,
    { IPAMConfig }: EndpointSettings,
  ): Record<'ipv4' | 'ipv6', AllocatedAddress | undefined> {
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

  adopt(record: NetworkRecord, settings: EndpointSettings): void {
    for (const address of addressesOf(settings)) {
      try {
        this.#of(record).reserve(address);
      } catch {
        // The address belongs to another subnet, because the configuration has changed, or is there twice. It is dropped.
      }
    }
  }

  use(record: NetworkRecord): Readonly<Record<string, SubnetUse>> {
    return this.#of(record).use();
  }

  disconnect(record: NetworkRecord, settings: EndpointSettings): void {
    for (const address of addressesOf(settings)) this.#of(record).release(address);
  }

  hostLink(record: NetworkRecord, { EndpointID = '' }: EndpointSettings): HostLink | undefined {
    return EndpointID === '' ? undefined : { name: vethName(EndpointID), bridge: bridgeName(record) };
  }

  forget({ id }: NetworkRecord): void {
    this.#addresses.delete(id);
  }

  #of(record: NetworkRecord): NetworkAddresses {
    let addresses = this.#addresses.get(record.id);
    if (addresses === undefined) {
      addresses = new NetworkAddresses(poolsInUse(record));
      this.#addresses.set(record.id, addresses);
    }
    return addresses;
  }
}

/** The addresses of an endpoint, of both families. */
function addressesOf({ IPAddress = '', GlobalIPv6Address = '' }: EndpointSettings): readonly string[] {
  return [IPAddress, GlobalIPv6Address].filter((address) => address !== '');
}

function bridgeName({ id, options }: Pick<NetworkRecord, 'id' | 'options'>): string {
  return options[BRIDGE_OPTION.name] ?? `br-${id.slice(0, 12)}`;
}

/** Name of the link's end at the bridge: 15 bytes at most, derived from the stored endpoint. */
function vethName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

function mtuOf({ options }: NetworkRecord): number {
  const mtu = Number(options[BRIDGE_OPTION.mtu]);
  return Number.isInteger(mtu) && mtu > 0 ? mtu : DEFAULT_MTU;
}
