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
 * @throws EngineError forbidden for a subnet that overlaps another network's, unavailable when no subnet is free, failed
 * for an address that is given twice or reserved
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
  const kept = all.map((pool) => {
    const { gateway: _chosen, isGatewayImplied: _implied, ...rest } = pool;
    const isGiven = pool.isConfigured === true && pool.isGatewayImplied !== true;
    return isGiven || needsGateway(parseCidr(pool.subnet).subnet.family) ? pool : rest;
  });
  for (const pool of kept) checkAuxAddresses(pool);
  return kept;
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
      ? { gateway: impliedGateway(subnet, range), isGatewayImplied: true as const }
      : { gateway: pool.gateway }),
    ...(range === undefined ? {} : { ipRange: pool.ipRange }),
    ...(Object.keys(pool.auxAddresses).length === 0 ? {} : { auxAddresses: pool.auxAddresses }),
  };
}

/** @throws EngineError failed, as Docker's IPAM */
function checkGateway(subnet: Subnet, gateway: string): void {
  if (gateway !== '' && isReserved(subnet, parseAddress(gateway).value)) {
    throw failed(`failed to allocate gateway (${gateway}): Address already in use`);
  }
}

/** Each auxiliary address must differ from the gateway and from the others. @throws EngineError failed, as Docker's IPAM */
function checkAuxAddresses({ subnet: text, gateway, auxAddresses = {} }: IpamPool): void {
  const { subnet } = parseCidr(text);
  const used = new Set(gateway === undefined ? [] : [parseAddress(gateway).value]);
  for (const [name, address] of Object.entries(auxAddresses)) {
    const { value } = parseAddress(address);
    if (used.has(value) || isReserved(subnet, value)) {
      throw failed(`failed to allocate secondary ip address (${name}:${address}): Address already in use`);
    }
    used.add(value);
  }
}

/** Whether the address is the network's own, or its broadcast address. */
function isReserved(subnet: Subnet, address: bigint): boolean {
  const size = sizeOf(subnet);
  const isLast = subnet.family === 4 && address === subnet.base + size - 1n;
  return size > 2n && (address === subnet.base || isLast);
}

/** The lowest address of the range, or of the subnet, besides the network's own. */
function impliedGateway(subnet: Subnet, range: Subnet | undefined): string {
  const { base } = range ?? subnet;
  return addressAt({ ...subnet, base }, base === subnet.base ? 1n : 0n);
}
