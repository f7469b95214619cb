import { hostAddresses, type PortRequest } from './port-request.ts';

/** Requests that differ only in their host address. They get the same host port. */
export interface PortGroup extends Omit<PortRequest, 'hostAddress'> {
  readonly addresses: readonly GroupAddress[];
}

interface GroupAddress {
  readonly address: string;
  /** Whether the IPv6 half of "every address" may fail: the host may have no IPv6. */
  readonly optional: boolean;
}

const ANY = new Set(['0.0.0.0', '::']);

/**
 * Orders requests for their reservation: fixed ports, then ranges, then ports that the engine chooses. So no choice
 * takes a port that another request depends on. The range that ends first comes first: if each range takes its lowest
 * free port in this order, all ranges are served whenever that is possible. Requests of one container port and one
 * range share a group unless their addresses overlap.
 */
export function portGroups(requests: readonly PortRequest[], hostHasIpv6: boolean): readonly PortGroup[] {
  const groups: { -readonly [K in keyof PortGroup]: PortGroup[K] }[] = [];
  for (const { hostAddress, ...wish } of requests.toSorted(byFreedom)) {
    const addresses = hostAddresses(hostAddress, hostHasIpv6).map((address) => ({
      address,
      optional: hostAddress === '' && address === '::',
    }));
    const group = groups.at(-1);
    if (group !== undefined && isSame(group, wish) && !addresses.some(({ address }) => isIn(group, address))) {
      group.addresses = [...group.addresses, ...addresses];
    } else {
      groups.push({ ...wish, addresses });
    }
  }
  return groups;
}

/** An address of `taken` that conflicts with `address` for the same port. Undefined when there is none. */
export function overlapping(taken: Iterable<string>, address: string): string | undefined {
  const isV6 = address.includes(':');
  for (const other of taken) {
    if (other === address || (other.includes(':') === isV6 && (ANY.has(other) || ANY.has(address)))) return other;
  }
  return undefined;
}

function isIn({ addresses }: PortGroup, address: string): boolean {
  const taken = addresses.map((other) => other.address);
  return overlapping(taken, address) !== undefined;
}

function isSame(one: Omit<PortRequest, 'hostAddress'>, other: Omit<PortRequest, 'hostAddress'>): boolean {
  return (
    one.port === other.port && one.protocol === other.protocol && one.first === other.first && one.last === other.last
  );
}

function byFreedom(one: PortRequest, other: PortRequest): number {
  return (
    freedom(one) - freedom(other) ||
    (freedom(one) === RANGE ? one.last - other.last : 0) ||
    one.port - other.port ||
    one.protocol.localeCompare(other.protocol) ||
    one.first - other.first ||
    one.last - other.last
  );
}

const FIXED = 0;
const RANGE = 1;
const CHOSEN = 2;

function freedom({ first, last }: PortRequest): number {
  if (first === 0) return CHOSEN;
  return first === last ? FIXED : RANGE;
}
