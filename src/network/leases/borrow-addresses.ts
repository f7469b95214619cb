import { failed, invalid } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { type Family, parseAddress } from '../ipam/address.ts';
import type { FamilyAddresses } from '../ipam/network-addresses.ts';
import { contains, parseCidr } from '../ipam/subnet.ts';
import { type NetworkRecord, poolsInUse } from '../model/network-record.ts';
import type { Leases } from './leases.ts';

/** What an endpoint asks its network's IPAM plugin for. */
export interface EndpointLoan {
  readonly record: NetworkRecord;
  readonly asked: EndpointSettings;
  readonly endpointId: string;
  /** Text of the endpoint's hardware address. Undefined for a plugin that does not need it. */
  readonly hardwareAddress: string | undefined;
}

/**
 * Borrows an address of each family of the network. @throws EngineError as the plugin; the caller releases the endpoint
 */
export async function borrowAddresses(leases: Leases, loan: EndpointLoan): Promise<FamilyAddresses> {
  const ipv4 = await borrow(leases, loan, 4, loan.asked.IPAMConfig?.IPv4Address ?? '');
  return { ipv4, ipv6: await borrow(leases, loan, 6, loan.asked.IPAMConfig?.IPv6Address ?? '') };
}

async function borrow(
  leases: Leases,
  { record, endpointId, hardwareAddress }: EndpointLoan,
  family: Family,
  wanted: string,
): Promise<FamilyAddresses['ipv4']> {
  const pools = poolsInUse(record).filter(({ subnet }) => parseCidr(subnet).subnet.family === family);
  if (pools.length === 0) return undefined;
  const pool = pools.find(({ subnet }) => wanted === '' || contains(parseCidr(subnet).subnet, parseAddress(wanted)));
  if (pool?.poolId === undefined) throw invalid(`no configured subnet contains IP address ${wanted}`);
  const { address, prefixLength } = await leases.borrowAddress(
    { driver: record.ipam.driver, networkId: record.id, endpointId },
    {
      poolId: pool.poolId,
      address: wanted,
      options: hardwareAddress === undefined ? null : { 'com.docker.network.endpoint.macaddress': hardwareAddress },
    },
  );
  if (parseAddress(address).family !== family) throw failed(`the plugin lends ${address} for IPv${family}`);
  return { address, prefixLength, gateway: pool.gateway ?? '' };
}
