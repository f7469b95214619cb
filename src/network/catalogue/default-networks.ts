import { invalid } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import { formatNanos } from '../../base/time.ts';
import { BRIDGE_OPTION, DEFAULT_MTU } from '../drivers/bridge-options.ts';
import { type Family, parseAddress } from '../ipam/address.ts';
import { chooseSubnet, poolsOf } from '../ipam/address-pools.ts';
import type { IpamPool } from '../ipam/network-addresses.ts';
import { addressAt, formatSubnet, overlap, parseCidr, type Subnet, subnetOf } from '../ipam/subnet.ts';
import type { HostSurvey } from '../kernel/protocol.ts';
import { type NetworkRecord, PLAIN_NETWORK } from '../model/network-record.ts';
import type { BridgeAddressing, DefaultBridge, NetworkConfig } from '../network-config.ts';

/**
 * Stores the networks that every engine has. `bridge` is stored with the current options and addresses of the host. Ids
 * stay the same from start to start.
 */
export function storeDefaultNetworks(
  records: Records<NetworkRecord>,
  config: NetworkConfig,
  bridge: { readonly plan: DefaultBridge; readonly survey: HostSurvey } | undefined,
): void {
  storeBuiltIn(records, { name: 'host', driver: 'host' });
  storeBuiltIn(records, { name: 'none', driver: 'null' });
  const stored = records.all().find((record) => record.builtIn && record.name === 'bridge');
  if (bridge === undefined) {
    if (stored !== undefined) records.delete(stored.id);
    return;
  }
  const others = records.all().filter(({ id }) => id !== stored?.id);
  storeBuiltIn(records, {
    name: 'bridge',
    driver: 'bridge',
    options: {
      [BRIDGE_OPTION.default]: 'true',
      [BRIDGE_OPTION.interContainer]: String(config.icc ?? true),
      [BRIDGE_OPTION.masquerade]: String(config.ipMasq ?? true),
      [BRIDGE_OPTION.hostBinding]: config.ip ?? '0.0.0.0',
      [BRIDGE_OPTION.name]: bridge.plan.name,
      [BRIDGE_OPTION.mtu]: String(config.mtu ?? DEFAULT_MTU),
    },
    enableIpv6: bridge.plan.ipv6 !== undefined,
    ipam: { ...PLAIN_NETWORK.ipam, pools: bridgePools(config, bridge, { stored, others }) },
  });
}

function storeBuiltIn(
  records: Records<NetworkRecord>,
  wanted: Pick<NetworkRecord, 'name' | 'driver'> & Partial<Pick<NetworkRecord, 'enableIpv6' | 'ipam' | 'options'>>,
): void {
  const stored = records.all().find((record) => record.builtIn && record.name === wanted.name);
  const record: NetworkRecord = {
    id: stored?.id ?? newObjectId(),
    created: stored?.created ?? formatNanos(BigInt(Date.now()) * 1_000_000n),
    builtIn: true,
    ...PLAIN_NETWORK,
    ...wanted,
  };
  if (stored === undefined || JSON.stringify(stored) !== JSON.stringify(record)) records.put(record.id, record);
}

interface Bridge {
  readonly plan: DefaultBridge;
  readonly survey: HostSurvey;
}

/** The networks that are known already. */
interface Known {
  readonly stored: NetworkRecord | undefined;
  readonly others: readonly NetworkRecord[];
}

function bridgePools(config: NetworkConfig, bridge: Bridge, known: Known): readonly IpamPool[] {
  const { ipv4, ipv6 } = bridge.plan;
  return [
    bridgePool(4, ipv4, { config, survey: bridge.survey, known }),
    ...(ipv6 === undefined ? [] : [bridgePool(6, ipv6, { config, survey: bridge.survey, known })]),
  ];
}

interface Host {
  readonly config: NetworkConfig;
  readonly survey: HostSurvey;
  readonly known: Known;
}

/** The subnet of a family: the user's, the bridge's current one, its last one, or the first free one of the pools. */
function bridgePool(family: Family, { bip, range }: BridgeAddressing, { config, survey, known }: Host): IpamPool {
  const ipRange = range === undefined ? {} : { ipRange: formatSubnet(range) };
  if (bip !== undefined) return { subnet: formatSubnet(bip.subnet), gateway: bip.address, ...ipRange };
  // A private network of IPv6 has no address yet: its range is its subnet.
  if (family === 6 && range !== undefined) return { subnet: formatSubnet(range), gateway: addressAt(range, 1n) };
  const taken: Subnet[] = survey.routes.map((route) => subnetOf(parseAddress(route.destination), route.prefixLength));
  for (const { ipam } of known.others) taken.push(...ipam.pools.map(({ subnet }) => parseCidr(subnet).subnet));
  const before = known.stored?.ipam.pools.find(({ subnet }) => parseCidr(subnet).subnet.family === family);
  const found =
    currentPool(family, survey, before) ?? lastPool(config, before, taken) ?? freePool(family, config, taken);
  if (range !== undefined && !overlap(parseCidr(found.subnet).subnet, range)) {
    throw invalid(`invalid fixed-cidr: ${formatSubnet(range)} is not in the subnet of the bridge, ${found.subnet}`);
  }
  return { ...found, ...ipRange };
}

/** Of the bridge as it is. Others may have given it a further address. */
function currentPool(family: Family, { bridge }: HostSurvey, before: IpamPool | undefined): IpamPool | undefined {
  const addresses = (bridge?.addresses ?? []).filter(({ address }) => parseAddress(address).family === family);
  const present = addresses.find(({ address }) => address === before?.gateway) ?? addresses[0];
  if (present === undefined) return undefined;
  const subnet = subnetOf(parseAddress(present.address), present.prefixLength);
  return { subnet: formatSubnet(subnet), gateway: present.address };
}

function lastPool(config: NetworkConfig, before: IpamPool | undefined, taken: readonly Subnet[]): IpamPool | undefined {
  if (before?.gateway === undefined) return undefined;
  const { subnet } = parseCidr(before.subnet);
  const isFree = isOfPools(config, subnet) && !taken.some((other) => overlap(other, subnet));
  return isFree ? { subnet: before.subnet, gateway: before.gateway } : undefined;
}

function freePool(family: Family, config: NetworkConfig, taken: readonly Subnet[]): IpamPool {
  const subnet = chooseSubnet(poolsOf(family, config), taken);
  return { subnet: formatSubnet(subnet), gateway: addressAt(subnet, 1n) };
}

/** The pools may have changed since. */
function isOfPools({ addressPools = [] }: NetworkConfig, subnet: Subnet): boolean {
  const bases = addressPools.map(({ base }) => parseCidr(base).subnet).filter(({ family }) => family === subnet.family);
  return bases.length === 0 || bases.some((base) => overlap(base, subnet));
}
