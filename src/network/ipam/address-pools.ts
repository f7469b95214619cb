import { createHash } from 'node:crypto';
import { EngineError, invalid } from '../../base/errors.ts';
import { BITS, type Family } from './address.ts';
import { formatSubnet, overlap, parseCidr, type Subnet, sizeOf } from './subnet.ts';

/** `--default-address-pool base=10.0.0.0/8,size=24`: networks of `size` bits are allocated from `base`. */
export interface AddressPool {
  readonly base: string;
  readonly size: number;
}

/** Docker's default pools, in its order. */
const DEFAULT_POOLS: readonly AddressPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
];

/** From what networks without subnets get theirs. */
export interface PoolConfig {
  /** `--default-address-pool`, of both families. */
  readonly addressPools?: readonly AddressPool[] | undefined;
  /** Unique to the engine. Its IPv6 subnets follow from it. */
  readonly engineId: string;
}

/** The pools of a family: those that the user gave, or else Docker's for IPv4, and a private network for IPv6. */
export function poolsOf(family: Family, { addressPools = [], engineId }: PoolConfig): readonly AddressPool[] {
  const given = addressPools.filter(({ base }) => parseCidr(base).subnet.family === family);
  if (given.length > 0) return given;
  return family === 4 ? DEFAULT_POOLS : [{ base: uniqueLocalNetwork(engineId), size: 64 }];
}

/** A network of unique local addresses (RFC 4193 section 3.2): `fd`, and 40 bits that other sites hardly have. */
function uniqueLocalNetwork(engineId: string): string {
  const globalId = createHash('sha256').update(engineId).digest('hex').slice(0, 10);
  return `fd${globalId.slice(0, 2)}:${globalId.slice(2, 6)}:${globalId.slice(6)}::/48`;
}

/**
 * Returns the first subnet of the pools that overlaps none of `taken` (other networks and the host's routes).
 * @throws EngineError invalid for an impossible pool; unavailable when all subnets are taken
 */
export function chooseSubnet(pools: readonly AddressPool[], taken: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const found = firstFree(pool, taken);
    if (found !== undefined) return found;
  }
  throw new EngineError('unavailable', 'all predefined address pools have been fully subnetted');
}

function firstFree(pool: AddressPool, taken: readonly Subnet[]): Subnet | undefined {
  const { subnet } = parseCidr(pool.base);
  const { family } = subnet;
  const { size } = pool;
  if (!Number.isInteger(size) || size < subnet.prefixLength || size > BITS[family] - 2) {
    throw invalid(`invalid address pool: size ${size} does not fit ${formatSubnet(subnet)}`);
  }
  const end = subnet.base + sizeOf(subnet);
  const step = sizeOf({ family, prefixLength: size });
  for (let base = subnet.base; base < end; ) {
    const candidate = { family, base, prefixLength: size };
    const blocker = taken.find((other) => overlap(other, candidate));
    if (blocker === undefined) return candidate;
    // Skips the whole of an overlapping network: a wide route would otherwise take millions of small steps.
    const past = blocker.base + sizeOf(blocker);
    base = ((past + step - 1n) / step) * step;
  }
  return undefined;
}
