import { EngineError } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { SubnetUse } from '../ipam/address-allocator.ts';
import { NetworkAddresses } from '../ipam/network-addresses.ts';
import { parseCidr } from '../ipam/subnet.ts';
import type { BridgePlan } from '../kernel/protocol.ts';
import { formatHardwareAddress, newHardwareAddress } from '../model/hardware-address.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import { BRIDGE_OPTION, checkBridgeOptions, DEFAULT_MTU, isOn } from './bridge-options.ts';
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
    checkBridgeOptions(record.options);
    if (record.ipam.pools.filter(({ subnet }) => !subnet.includes(':')).length > 1) {
      throw new EngineError('forbidden', "bridge driver doesn't support multiple subnets");
    }
    const bridge = bridgeName(record);
    const other = others.find(({ driver, ...rest }) => driver === 'bridge' && bridgeName(rest) === bridge);
    if (other === undefined) return;
    const conflict = `conflicts with network ${other.id} (${bridge}): networks have same bridge name`;
    throw new EngineError('forbidden', `cannot create network ${record.id} (${bridge}): ${conflict}`);
  }

  hostPlan(record: NetworkRecord): BridgePlan {
    const bridge = bridgeName(record);
    const pools = record.ipam.pools.map(({ subnet, gateway }) => ({ ...parseCidr(subnet), gateway, text: subnet }));
    return {
      kind: 'bridge',
      bridge,
      subnets: pools.map(({ text }) => text),
      addresses: pools.flatMap(({ gateway, subnet: { prefixLength } }) =>
        gateway === undefined ? [] : [{ address: gateway, prefixLength }],
      ),
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
    const ipv4 = this.#of(record).allocate(4, asked.IPAMConfig?.IPv4Address ?? '');
    // An internal network has no way out.
    const gateway = record.internal ? '' : (ipv4?.gateway ?? '');
    return {
      settings: endpointSettings(asked, {
        MacAddress: formatHardwareAddress(hardwareAddress),
        ...(ipv4 && { Gateway: gateway, IPAddress: ipv4.address, IPPrefixLen: ipv4.prefixLength }),
      }),
      link: {
        kind: 'veth',
        name,
        hostName: vethName(endpointId),
        bridge: bridgeName(record),
        mtu: mtuOf(record),
        hardwareAddress: hardwareAddress.toString('hex'),
        addresses: ipv4 === undefined ? [] : [{ address: ipv4.address, prefixLength: ipv4.prefixLength }],
        gateways: gateway === '' ? [] : [gateway],
      },
    };
  }

  adopt(record: NetworkRecord, { IPAddress = '' }: EndpointSettings): void {
    try {
      if (IPAddress !== '') this.#of(record).reserve(IPAddress);
    } catch {
      // The address belongs to another subnet, because the configuration has changed, or is there twice. It is dropped.
    }
  }

  use(record: NetworkRecord): Readonly<Record<string, SubnetUse>> {
    return this.#of(record).use();
  }

  disconnect(record: NetworkRecord, { IPAddress = '' }: EndpointSettings): void {
    if (IPAddress !== '') this.#of(record).release(IPAddress);
  }

  hostLink(record: NetworkRecord, { EndpointID = '' }: EndpointSettings): HostLink | undefined {
    return EndpointID === '' ? undefined : { name: vethName(EndpointID), bridge: bridgeName(record) };
  }

  forget({ id }: NetworkRecord): void {
    this.#addresses.delete(id);
  }

  #of({ id, ipam }: NetworkRecord): NetworkAddresses {
    let addresses = this.#addresses.get(id);
    if (addresses === undefined) {
      addresses = new NetworkAddresses(ipam.pools);
      this.#addresses.set(id, addresses);
    }
    return addresses;
  }
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
