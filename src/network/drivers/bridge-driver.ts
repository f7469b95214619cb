import { EngineError, invalid } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';
import { overlap, parseCidr } from '../ipam/subnet.ts';
import type { BridgePlan, PresentLink, VethPlan } from '../kernel/protocol.ts';
import { formatHardwareAddress, newHardwareAddress, parseHardwareAddress } from '../model/hardware-address.ts';
import { type NetworkRecord, poolsInUse } from '../model/network-record.ts';
import { AddressedDriver, addressSettings, plannedAddresses } from './addressed-driver.ts';
import {
  BRIDGE_OPTION,
  bridgeHasAddress,
  checkBridgeOptions,
  DEFAULT_MTU,
  gatewayMode,
  isOn,
  trustedInterfaces,
} from './bridge-options.ts';
import type { Endpoint, LinkNames, NetworkDriver, Publishing } from './driver.ts';
import { askedHardwareAddress, endpointSettings } from './endpoint-settings.ts';
import { presentLimits, trafficLimits } from './traffic-limits.ts';

/** Networks with a Linux bridge, and a veth pair per container. */
export class BridgeDriver extends AddressedDriver implements NetworkDriver {
  /** Names of bridges that the user made. The engine neither makes nor removes them. */
  readonly #foreign: ReadonlySet<string>;

  constructor(foreignBridges: ReadonlySet<string> = new Set()) {
    super();
    this.#foreign = foreignBridges;
  }

  checkNetwork(record: NetworkRecord, others: readonly NetworkRecord[]): void {
    checkBridgeOptions(record);
    refuseMulticast(record);
    const families = poolsInUse(record).map(({ subnet }) => parseCidr(subnet).subnet.family);
    if (new Set(families).size < families.length) {
      throw new EngineError('forbidden', "bridge driver doesn't support multiple subnets");
    }
    const bridge = bridgeName(record);
    refuseOverlap(record, others);
    const other = others.find(({ driver, ...rest }) => driver === 'bridge' && bridgeName(rest) === bridge);
    if (other === undefined) return;
    const conflict = `conflicts with network ${other.id} (${bridge}): networks have same bridge name`;
    throw new EngineError('forbidden', `cannot create network ${record.id} (${bridge}): ${conflict}`);
  }

  needsGateway({ options }: Pick<NetworkRecord, 'options'>, family: Family): boolean {
    return gatewayMode(options, family) !== 'isolated';
  }

  publishing({ options }: Pick<NetworkRecord, 'options'>, family: Family): Publishing {
    return {
      mode: gatewayMode(options, family) === 'routed' ? 'routed' : 'nat',
      isTrusting: trustedInterfaces(options).length > 0,
    };
  }

  hostPlan(record: NetworkRecord): BridgePlan {
    const bridge = bridgeName(record);
    const pools = poolsInUse(record).map(({ subnet, gateway }) => ({ ...parseCidr(subnet), gateway, text: subnet }));
    const inMode = (mode: string): readonly Family[] =>
      pools
        .filter(({ subnet: { family } }) => gatewayMode(record.options, family) === mode)
        .map(({ subnet }) => subnet.family);
    return {
      kind: 'bridge',
      bridge,
      subnets: pools.map(({ text }) => text),
      addresses: pools.flatMap(({ gateway, subnet: { family, prefixLength } }) =>
        gateway === undefined || !bridgeHasAddress(record.options, family) ? [] : [{ address: gateway, prefixLength }],
      ),
      unprotected: inMode('nat-unprotected'),
      routed: inMode('routed'),
      trusted: trustedInterfaces(record.options),
      mtu: mtuOf(record),
      masquerade: isOn(record.options, BRIDGE_OPTION.masquerade),
      interContainer: isOn(record.options, BRIDGE_OPTION.interContainer),
      internal: record.internal,
      mustExist: this.#foreign.has(bridge),
      isRequired: record.builtIn,
    };
  }

  override checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void {
    super.checkEndpoint(record, asked);
    trafficLimits(asked, { endpointId: '', mtu: mtuOf(record) });
  }

  connect(record: NetworkRecord, asked: EndpointSettings, { endpointId, name, lent }: LinkNames): Endpoint {
    const hardwareAddress = formatHardwareAddress(askedHardwareAddress(asked) ?? newHardwareAddress());
    trafficLimits(asked, { endpointId, mtu: mtuOf(record) });
    const allocated = this.allocate(record, asked, lent);
    const settings = endpointSettings(asked, { MacAddress: hardwareAddress, ...addressSettings(allocated) });
    return { settings, link: this.linkAgain(record, { ...settings, EndpointID: endpointId }, name) };
  }

  linkAgain(record: NetworkRecord, settings: EndpointSettings, name: string): VethPlan {
    const { EndpointID: endpointId = '', MacAddress = '', Gateway = '', IPv6Gateway = '' } = settings;
    const mtu = mtuOf(record);
    return {
      kind: 'veth',
      name,
      hostName: vethName(endpointId),
      bridge: bridgeName(record),
      mtu,
      hardwareAddress: parseHardwareAddress(MacAddress).toString('hex'),
      limits: presentLimits(settings, { endpointId, mtu }),
      addresses: plannedAddresses(settings),
      gateways: [Gateway, IPv6Gateway].filter((gateway) => gateway !== ''),
    };
  }

  presentLink(record: NetworkRecord, settings: EndpointSettings): PresentLink | undefined {
    const { EndpointID: endpointId = '' } = settings;
    if (endpointId === '') return undefined;
    const limits = presentLimits(settings, { endpointId, mtu: mtuOf(record) });
    return { at: 'host', name: vethName(endpointId), bridge: bridgeName(record), limits };
  }
}

/** Subnets that an IPAM plugin has lent may be those of other bridges. @throws EngineError forbidden in Docker's words */
function refuseOverlap(record: NetworkRecord, others: readonly NetworkRecord[]): void {
  for (const other of others.filter(({ driver }) => driver === 'bridge')) {
    for (const { subnet: mine } of poolsInUse(record).map(({ subnet }) => parseCidr(subnet))) {
      if (!poolsInUse(other).some(({ subnet }) => overlap(parseCidr(subnet).subnet, mine))) continue;
      const conflict = `conflicts with network ${other.id} (${bridgeName(other)}): networks have overlapping IPv${mine.family}`;
      throw new EngineError('forbidden', `cannot create network ${record.id} (${bridgeName(record)}): ${conflict}`);
    }
  }
}

/** A bridge cannot have an address for groups. @throws EngineError invalid in Docker's words */
function refuseMulticast(record: NetworkRecord): void {
  for (const { subnet, gateway } of poolsInUse(record)) {
    const { family, base, prefixLength } = parseCidr(subnet).subnet;
    if (family === 6 && base >> 120n === 0xffn)
      throw invalid(`multicast subnet '${gateway ?? subnet.split('/')[0]}/${prefixLength}' is not allowed`);
  }
}

function bridgeName({ id, options }: Pick<NetworkRecord, 'id' | 'options'>): string {
  return options[BRIDGE_OPTION.name] || `br-${id.slice(0, 12)}`;
}

/** Name of the link's end at the bridge: 15 bytes at most, derived from the stored endpoint. */
function vethName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

function mtuOf({ options }: NetworkRecord): number {
  const mtu = Number(options[BRIDGE_OPTION.mtu]);
  return Number.isInteger(mtu) && mtu > 0 ? mtu : DEFAULT_MTU;
}
