import { invalid } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { formatHardwareAddress, newHardwareAddress, parseHardwareAddress } from '../hardware-address.ts';
import { AddressAllocator } from '../ipam/address-allocator.ts';
import { parseCidr } from '../ipam/subnet.ts';
import type { BridgePlan } from '../kernel/protocol.ts';
import type { NetworkRecord } from '../network-record.ts';
import type { SubnetStatus } from '../networks.ts';
import { linkSysctls } from '../sysctl-key.ts';
import type { Endpoint, NetworkDriver } from './driver.ts';
import { endpointSettings } from './endpoint-settings.ts';

/** Docker's names of the bridge driver's options, which `network inspect` shows. */
export const BRIDGE_OPTION = {
  name: 'com.docker.network.bridge.name',
  default: 'com.docker.network.bridge.default_bridge',
  interContainer: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  mtu: 'com.docker.network.driver.mtu',
} as const;

export const DEFAULT_MTU = 1500;

/** Networks with a Linux bridge, and a veth pair per container. */
export class BridgeDriver implements NetworkDriver {
  readonly #allocators = new Map<string, AddressAllocator>();
  /** Names of bridges that the user made. The engine neither makes nor removes them. */
  readonly #foreign: ReadonlySet<string>;

  constructor(foreignBridges: ReadonlySet<string> = new Set()) {
    this.#foreign = foreignBridges;
  }

  hostPlan(record: NetworkRecord): BridgePlan {
    const { subnet, gateway } = addressing(record);
    const bridge = bridgeName(record);
    return {
      bridge,
      subnet,
      gateway,
      prefixLength: parseCidr(subnet).subnet.prefixLength,
      mtu: mtuOf(record),
      masquerade: record.options[BRIDGE_OPTION.masquerade] !== 'false',
      interContainer: record.options[BRIDGE_OPTION.interContainer] !== 'false',
      mustExist: this.#foreign.has(bridge),
    };
  }

  connect(record: NetworkRecord, asked: EndpointSettings, link: { hostName: string; name: string }): Endpoint {
    const { gateway } = addressing(record);
    const hardwareAddress = askedHardwareAddress(asked) ?? newHardwareAddress();
    const allocator = this.#allocator(record);
    const fixed = asked.IPAMConfig?.IPv4Address ?? '';
    if (fixed !== '') allocator.reserve(fixed);
    const address = fixed === '' ? allocator.allocate() : fixed;
    const { prefixLength } = allocator.subnet;
    return {
      settings: endpointSettings(asked, {
        MacAddress: formatHardwareAddress(hardwareAddress),
        Gateway: gateway,
        IPAddress: address,
        IPPrefixLen: prefixLength,
      }),
      link: {
        ...link,
        bridge: bridgeName(record),
        mtu: mtuOf(record),
        hardwareAddress: hardwareAddress.toString('hex'),
        address,
        prefixLength,
        gateway,
      },
    };
  }

  adopt(record: NetworkRecord, { IPAddress = '' }: EndpointSettings): void {
    try {
      if (IPAddress !== '') this.#allocator(record).reserve(IPAddress);
    } catch {
      // The address belongs to another subnet, because the configuration has changed, or is there twice. It is dropped.
    }
  }

  status(record: NetworkRecord): SubnetStatus {
    return this.#allocator(record).status();
  }

  disconnect(record: NetworkRecord, { IPAddress = '' }: EndpointSettings): void {
    if (IPAddress !== '') this.#allocator(record).release(IPAddress);
  }

  #allocator(record: NetworkRecord): AddressAllocator {
    let allocator = this.#allocators.get(record.id);
    if (allocator === undefined) {
      const { subnet, gateway } = addressing(record);
      allocator = new AddressAllocator(parseCidr(subnet).subnet, [gateway]);
      this.#allocators.set(record.id, allocator);
    }
    return allocator;
  }
}

export function bridgeName(record: NetworkRecord): string {
  return record.options[BRIDGE_OPTION.name] ?? `br-${record.id.slice(0, 12)}`;
}

/** Checks a client's request for an endpoint on this network. @throws EngineError invalid in Docker's words */
export function checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void {
  const problems: string[] = [];
  const { IPv4Address = '', IPv6Address = '' } = asked.IPAMConfig ?? {};
  if (IPv4Address !== '' || IPv6Address !== '') {
    if (record.builtIn) {
      problems.push('user specified IP address is supported on user defined networks only');
    }
  }
  linkSysctls(asked, 'IFNAME');
  const head = `invalid config for network ${record.name}: `;
  if (problems.length > 0) {
    throw invalid(`${head}invalid endpoint settings:\n${problems.join('\n')}`);
  }
  try {
    askedHardwareAddress(asked);
  } catch (error) {
    throw invalid(`${head}invalid MAC address ${asked.MacAddress}`, error);
  }
}

function askedHardwareAddress({ MacAddress = '' }: EndpointSettings): Buffer | undefined {
  return MacAddress === '' ? undefined : parseHardwareAddress(MacAddress);
}

function addressing(record: NetworkRecord): { subnet: string; gateway: string } {
  const { subnet, gateway } = record;
  if (subnet === undefined || gateway === undefined) throw new RangeError(`network ${record.name} has no subnet`);
  return { subnet, gateway };
}

function mtuOf(record: NetworkRecord): number {
  const mtu = Number(record.options[BRIDGE_OPTION.mtu]);
  return Number.isInteger(mtu) && mtu > 0 ? mtu : DEFAULT_MTU;
}
