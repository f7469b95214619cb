import { EngineError, failed } from '../../base/errors.ts';
import { type Family, parseAddress } from '../ipam/address.ts';
import { chooseSubnet, type PoolConfig, poolsOf } from '../ipam/address-pools.ts';
import type { IpamPool } from '../ipam/network-addresses.ts';
import { addressAt, formatSubnet, overlap, parseCidr, type Subnet, sizeOf } from '../ipam/subnet.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { RequestedPool } from '../networks.ts';

/** What the choice of a subnet depends on besides the networks. */
export interface PoolChoice extends PoolConfig {
  /** Networks that the host reaches. */
  readonly routes: readonly Subnet[];
}

/** The families of a new network, and the subnets that its client gave. */
export interface PoolRequest {
  readonly families: readonly Family[];
  readonly pools: readonly RequestedPool[];
  /** Whether subnets of the family get a gateway that the client did not give. */
  readonly needsGateway: (family: Family) => boolean;
}

/**
 * The subnets of a new network: those that the client gave, also of a family that is not enabled, and one of the default
 * pools for each family without. Each gets a gateway if its driver needs one.
 * @throws EngineError forbidden for a subnet that overlaps another network's, unavailable when no subnet is free
 */
export function allocatePools(
  networks: readonly NetworkRecord[],
  { families, pools, needsGateway }: PoolRequest,
  choice: PoolChoice,
): readonly IpamPool[] {
  const taken = networks
    .filter(({ configOnly }) => !configOnly)
    .flatMap(({ ipam }) => ipam.pools.map(({ subnet }) => parseCidr(subnet).subnet));
  const missing = families.filter((family) => !pools.some(({ subnet }) => parseCidr(subnet).subnet.family === family));
  const all = [...pools.map((pool) => given(pool, taken)), ...missing.map((family) => chosen(family, choice, taken))];
  return all.map((pool) => {
    const { gateway: _chosen, isGatewayImplied: _implied, ...rest } = pool;
    const isGiven = pool.isConfigured === true && pool.isGatewayImplied !== true;
    return isGiven || needsGateway(parseCidr(pool.subnet).subnet.family) ? pool : rest;
  });
}

function chosen(family: Family, choice: PoolChoice, taken: readonly Subnet[]): IpamPool {
  const subnet = chooseSubnet(poolsOf(family, choice), [...taken, ...choice.routes]);
  return { subnet: formatSubnet(subnet), gateway: addressAt(subnet, 1n) };
}

function given(pool: RequestedPool, taken: Subnet[]): IpamPool {
  const { subnet } = parseCidr(pool.subnet);
  if (taken.some((other) => overlap(other, subnet))) {
    throw new EngineError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space');
  }
  taken.push(subnet);
  checkGateway(subnet, pool.gateway);
  const range = pool.ipRange === '' ? undefined : parseCidr(pool.ipRange).subnet;
  return {
    subnet: pool.subnet,
    isConfigured: true,
    ...(pool.gateway === ''
      ? { gateway: impliedGateway(subnet, range, pool.auxAddresses), isGatewayImplied: true as const }
      : { gateway: pool.gateway }),
    ...(range === undefined ? {} : { ipRange: pool.ipRange }),
    ...(Object.keys(pool.auxAddresses).length === 0 ? {} : { auxAddresses: pool.auxAddresses }),
  };
}

/** @throws EngineError failed, as Docker's IPAM */
function checkGateway(subnet: Subnet, gateway: string): void {
  if (gateway === '') return;
  const { value } = parseAddress(gateway);
  const last = subnet.base + sizeOf(subnet) - 1n;
  const isReserved = value === subnet.base || (subnet.family === 4 && value === last);
  if (isReserved && subnet.prefixLength < 31)
    throw failed(`failed to allocate gateway (${gateway}): Address already in use`);
}

/** The lowest address of the range, or of the subnet, that nothing else has. */
function impliedGateway(
  subnet: Subnet,
  range: Subnet | undefined,
  auxAddresses: Readonly<Record<string, string>>,
): string {
  const reserved = new Set(Object.values(auxAddresses).map((address) => parseAddress(address).value));
  reserved.add(subnet.base);
  const { base } = range ?? subnet;
  let offset = 0n;
  while (reserved.has(base + offset)) offset++;
  return addressAt({ ...subnet, base }, offset);
}
