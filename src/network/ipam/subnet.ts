import { isIPv4 } from 'node:net';
import { invalid } from '../../base/errors.ts';

/** An IPv4 network: `base` with its host bits zero. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** An address as a number, for counting. @throws EngineError invalid */
export function parseAddress(text: string): number {
  if (!isIPv4(text)) throw invalid(`invalid IPv4 address: ${text}`);
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Parses `10.0.0.5/8` into the address as written and its network. @throws EngineError invalid */
export function parseCidr(text: string): { readonly address: string; readonly subnet: Subnet } {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const prefixLength = Number(match?.[2]);
  if (match === null || !isIPv4(match[1] ?? '') || prefixLength > 32) throw invalid(`invalid CIDR address: ${text}`);
  const address = match[1] ?? '';
  return { address, subnet: subnetOf(parseAddress(address), prefixLength) };
}

export function subnetOf(address: number, prefixLength: number): Subnet {
  const size = sizeOf(prefixLength);
  return { base: address - (address % size), prefixLength };
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${formatAddress(base)}/${prefixLength}`;
}

/** Number of addresses of a prefix length. */
export function sizeOf(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}

export function contains({ base, prefixLength }: Subnet, address: number): boolean {
  return address >= base && address < base + sizeOf(prefixLength);
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return contains(one, other.base) || contains(other, one.base);
}
