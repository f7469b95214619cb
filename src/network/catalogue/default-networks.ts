import { newObjectId } from '../../base/ids.ts';
import type { Records } from '../../base/records.ts';
import { formatNanos } from '../../base/time.ts';
import { BRIDGE_OPTION, DEFAULT_MTU } from '../drivers/bridge-options.ts';
import { parseAddress } from '../ipam/address.ts';
import { chooseSubnet } from '../ipam/address-pools.ts';
import { addressAt, formatSubnet, overlap, parseCidr, type Subnet, subnetOf } from '../ipam/subnet.ts';
import type { HostSurvey } from '../kernel/protocol.ts';
import { type NetworkRecord, PLAIN_NETWORK } from '../model/network-record.ts';
import type { DefaultBridge, NetworkConfig } from '../network-config.ts';

type Addressing = { readonly subnet: string; readonly gateway: string };

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
  const others = records.all().filter((record) => record !== stored);
  storeBuiltIn(records, {
    name: 'bridge',
    driver: 'bridge',
    options: {
      [BRIDGE_OPTION.default]: 'true',
      [BRIDGE_OPTION.interContainer]: 'true',
      [BRIDGE_OPTION.masquerade]: 'true',
      [BRIDGE_OPTION.hostBinding]: config.ip ?? '0.0.0.0',
      [BRIDGE_OPTION.name]: bridge.plan.name,
      [BRIDGE_OPTION.mtu]: String(config.mtu ?? DEFAULT_MTU),
    },
    ipam: { ...PLAIN_NETWORK.ipam, pools: [addressing(config, bridge, { stored, others })] },
  });
}

function storeBuiltIn(
  records: Records<NetworkRecord>,
  wanted: Pick<NetworkRecord, 'name' | 'driver'> & Partial<Pick<NetworkRecord, 'ipam' | 'options'>>,
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

/** The first of: the user's address, the bridge's current one, its last one, the first free one of the pools. */
function addressing(
  config: NetworkConfig,
  { plan, survey }: { readonly plan: DefaultBridge; readonly survey: HostSurvey },
  known: { readonly stored: NetworkRecord | undefined; readonly others: readonly NetworkRecord[] },
): Addressing {
  if (plan.bip !== undefined) return { subnet: formatSubnet(plan.bip.subnet), gateway: plan.bip.address };
  // Others may have given the bridge a further address.
  const addresses = survey.bridge?.addresses ?? [];
  const present = addresses.find(({ address }) => address === known.stored?.ipam.pools[0]?.gateway) ?? addresses[0];
  if (present !== undefined) {
    return {
      subnet: formatSubnet(subnetOf(parseAddress(present.address), present.prefixLength)),
      gateway: present.address,
    };
  }
  const taken: Subnet[] = survey.routes.map((route) => subnetOf(parseAddress(route.destination), route.prefixLength));
  for (const { ipam } of known.others) taken.push(...ipam.pools.map(({ subnet }) => parseCidr(subnet).subnet));
  const { subnet: before, gateway } = known.stored?.ipam.pools[0] ?? {};
  if (before !== undefined && gateway !== undefined) {
    const { subnet } = parseCidr(before);
    if (isOfPools(config, subnet) && !taken.some((other) => overlap(other, subnet))) return { subnet: before, gateway };
  }
  const subnet = chooseSubnet(config.addressPools, taken);
  return { subnet: formatSubnet(subnet), gateway: addressAt(subnet, 1n) };
}

/** The pools may have changed since. */
function isOfPools({ addressPools }: NetworkConfig, subnet: Subnet): boolean {
  if (addressPools === undefined || addressPools.length === 0) return true;
  return addressPools.some(({ base }) => overlap(parseCidr(base).subnet, subnet));
}
