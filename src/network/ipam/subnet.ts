import { invalid } from '../../base/errors.ts';
import { type Address, BITS, type Family, formatAddress, parseAddress } from './address.ts';

/** An IP network: `base` with its host bits zero. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefixLength: number;
}

/** Parses `10.0.0.5/8` into the address as written and its network. @throws EngineError invalid */
export function parseCidr(text: string): { readonly address: string; readonly subnet: Subnet } {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const [address = '', prefixLength] = [match?.[1], Number(match?.[2])];
  try {
    const parsed = parseAddress(address);
    if (prefixLength <= BITS[parsed.family]) return { address, subnet: subnetOf(parsed, prefixLength) };
  } catch {
    // The error names the whole text.
  }
  throw invalid(`invalid CIDR address: ${text}`);
}

export function subnetOf({ family, value }: Address, prefixLength: number): Subnet {
  const hostBits = BigInt(BITS[family] - prefixLength);
  return { family, base: (value >> hostBits) << hostBits, prefixLength };
}

export function formatSubnet({ family, base, prefixLength }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefixLength}`;
}

/** Number of addresses. */
export function sizeOf({ family, prefixLength }: Omit<Subnet, 'base'>): bigint {
  return 1n << BigInt(BITS[family] - prefixLength);
}

/** The text of an address in the subnet, counted from its base. */
export function addressAt({ family, base }: Subnet, offset: bigint): string {
  return formatAddress({ family, value: base + offset });
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + sizeOf(subnet);
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return contains(one, { ...other, value: other.base }) || contains(other, { ...one, value: one.base });
}
