import { EngineError, invalid } from '../../base/errors.ts';
import { BITS } from './address.ts';
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

/**
 * Returns the first subnet of the pools that overlaps none of `taken` (other networks and the host's routes).
 * @throws EngineError invalid for an impossible pool; unavailable when all subnets are taken
 */
export function chooseSubnet(pools: readonly AddressPool[] | undefined, taken: readonly Subnet[]): Subnet {
  for (const pool of pools === undefined || pools.length === 0 ? DEFAULT_POOLS : pools) {
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
