import { EngineError, invalid } from '../../base/errors.ts';
import { parseAddress } from '../ipam/address.ts';
import { contains, formatSubnet, parseCidr, type Subnet } from '../ipam/subnet.ts';
import type { RequestedPool } from '../networks.ts';

/** Checks the subnets of a network that a client asks for. @throws EngineError invalid, with all problems */
export function checkPools(pools: readonly RequestedPool[]): void {
  const problems = pools.flatMap((pool) => [...problemsOf(pool)]);
  if (problems.length === 0) return;
  const [first = '', ...more] = problems;
  throw invalid(
    `invalid network config:\n${more.length === 0 ? first : problems.map((text) => `* ${text}`).join('\n')}`,
  );
}

function* problemsOf({ subnet: text, ipRange, gateway, auxAddresses }: RequestedPool): Generator<string> {
  const subnet = cidr(text);
  if (subnet === undefined) return yield `invalid subnet ${text}: invalid CIDR block notation`;
  if (!isMasked(text, subnet)) yield `invalid subnet ${text}: it should be ${formatSubnet(subnet)}`;
  const range = ipRange === '' ? undefined : rangeProblem(subnet, ipRange);
  if (range !== undefined) yield `invalid ip-range ${ipRange}: ${range}`;
  const outside = gateway === '' ? undefined : addressProblem(subnet, gateway);
  if (outside !== undefined) yield `invalid gateway ${gateway}: ${outside}`;
  for (const [name, address] of Object.entries(auxAddresses)) {
    const problem = addressProblem(subnet, address);
    if (problem !== undefined) yield `invalid auxiliary address ${name}: ${problem}`;
  }
}

function rangeProblem(subnet: Subnet, text: string): string | undefined {
  const range = cidr(text);
  if (range === undefined) return 'invalid CIDR block notation';
  if (range.family !== subnet.family) return otherFamily(subnet);
  if (range.prefixLength < subnet.prefixLength) {
    return `CIDR block is bigger than its parent subnet ${formatSubnet(subnet)}`;
  }
  if (!isMasked(text, range)) return `it should be ${formatSubnet(range)}`;
  if (contains(subnet, { ...range, value: range.base })) return undefined;
  return `parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`;
}

function addressProblem(subnet: Subnet, text: string): string | undefined {
  const address = orUndefined(() => parseAddress(text));
  if (address === undefined) return 'invalid address';
  if (address.family !== subnet.family) return otherFamily(subnet);
  return contains(subnet, address) ? undefined : `parent subnet ${formatSubnet(subnet)} doesn't contain this address`;
}

function otherFamily({ family }: Subnet): string {
  return `parent subnet is an IPv${family} block`;
}

function cidr(text: string): Subnet | undefined {
  return orUndefined(() => parseCidr(text).subnet);
}

/** Whether the host bits of the text are zero. */
function isMasked(text: string, subnet: Subnet): boolean {
  return parseAddress(parseCidr(text).address).value === subnet.base;
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
