import { EngineError, failed } from '../../base/errors.ts';
import { type Family, formatAddress, parseAddress } from '../ipam/address.ts';
import type { IpamPool } from '../ipam/network-addresses.ts';
import { formatSubnet, parseCidr } from '../ipam/subnet.ts';
import type { RequestedPool } from '../networks.ts';
import { GATEWAY_REQUEST } from './ipam-plugin.ts';
import type { Borrower, Leases } from './leases.ts';

export interface BorrowedPools {
  readonly borrower: Borrower;
  readonly isGlobal: boolean;
  readonly options: Readonly<Record<string, string>>;
  /** The families of the network. */
  readonly families: readonly Family[];
  /** The subnets that the client gave. */
  readonly pools: readonly RequestedPool[];
  /** Whether subnets of the family get a gateway that the client did not give. */
  readonly needsGateway: (family: Family) => boolean;
}

/**
 * Borrows the subnets of a new network from a plugin, with their gateways and auxiliary addresses: those that the client
 * gave, else one of the plugin's choice for each family.
 * @throws EngineError as the plugin; the caller releases what was borrowed before
 */
export async function borrowPools(leases: Leases, request: BorrowedPools): Promise<readonly IpamPool[]> {
  const pools: IpamPool[] = [];
  for (const family of request.families) {
    const given = request.pools.filter(({ subnet }) => parseCidr(subnet).subnet.family === family);
    for (const pool of given.length === 0 ? [undefined] : given) {
      pools.push(await borrowPool(leases, request, family, pool));
    }
  }
  return pools;
}

async function borrowPool(
  leases: Leases,
  { borrower, isGlobal, options, needsGateway }: BorrowedPools,
  family: Family,
  given: RequestedPool | undefined,
): Promise<IpamPool> {
  const { subnet = '', ipRange = '', gateway = '', auxAddresses = {} } = given ?? {};
  const wish = { isGlobal, subnet, range: ipRange, options, isIpv6: family === 6 };
  const lent = await leases.borrowPool(borrower, wish);
  const pool: IpamPool = {
    subnet: lentSubnet(lent.subnet, family),
    poolId: lent.poolId,
    ...(given === undefined ? {} : { isConfigured: true as const }),
    ...(ipRange === '' ? {} : { ipRange }),
    ...(Object.keys(auxAddresses).length === 0 ? {} : { auxAddresses }),
  };
  const borrow = async (address: string, isGateway: boolean, what: string): Promise<string> => {
    try {
      const address_ = { poolId: lent.poolId, address, options: isGateway ? GATEWAY_REQUEST : null };
      return (await leases.borrowAddress(borrower, address_)).address;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.kind, `failed to allocate ${what}: ${error.message}`, { cause: error });
    }
  };
  const hasGateway = gateway !== '' || needsGateway(family);
  const named = gateway === '' && hasGateway ? lent.gateway : '';
  if (named !== '') leases.keep(borrower, lent.poolId, gatewayOf(named));
  const chosen = !hasGateway
    ? ''
    : named === ''
      ? await borrow(gateway, true, `gateway (${gateway})`)
      : gatewayOf(named);
  for (const [name, address] of Object.entries(auxAddresses)) {
    await borrow(address, false, `secondary ip address (${name}:${address})`);
  }
  return {
    ...pool,
    ...(chosen === '' ? {} : { gateway: chosen }),
    ...(chosen !== '' && gateway === '' && given !== undefined ? { isGatewayImplied: true as const } : {}),
  };
}

/** @throws EngineError failed */
function lentSubnet(text: string, family: Family): string {
  try {
    const { subnet } = parseCidr(text);
    if (subnet.family === family) return formatSubnet(subnet);
  } catch {
    // Below.
  }
  throw failed(`the plugin lends a pool that is not an IPv${family} subnet: ${JSON.stringify(text)}`);
}

/** With or without a length. @throws EngineError failed */
function gatewayOf(text: string): string {
  try {
    return formatAddress(parseAddress(text.replace(/\/\d+$/, '')));
  } catch (error) {
    throw failed(`the plugin names a gateway that is not an address: ${JSON.stringify(text)}`, error);
  }
}
