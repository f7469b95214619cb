import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { invalid } from '../../base/errors.ts';
import { isIPv6 } from '../../base/ip-version.ts';

export type Family = 4 | 6;

/** An IP address as a number, for counting. */
export interface Address {
  readonly family: Family;
  /** 32 bits for IPv4, 128 for IPv6. */
  readonly value: bigint;
}

/** Number of bits of an address. */
export const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Parses an address of either family, without a zone. @throws EngineError invalid */
export function parseAddress(text: string): Address {
  const family = isIPv4(text) ? 4 : isIPv6(text) && !text.includes('%') ? 6 : undefined;
  if (family === undefined) throw invalid(`invalid IP address: ${text}`);
  const value = ipaddr
    .parse(text)
    .toByteArray()
    .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family, value };
}

/** The text of an address; for IPv6 the shortest one (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  const bytes = Array.from({ length: BITS[family] / 8 }, (_, at) =>
    Number((value >> BigInt(BITS[family] - 8 * (at + 1))) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
