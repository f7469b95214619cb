import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Address families of socket(2), by the version of the protocol. */
export const AF = { 4: 2, 6: 10 } as const;

export type Family = keyof typeof AF;

/** @throws RangeError for a text that is no address, or has a zone */
export function familyOf(address: string): Family {
  if (isIPv4(address)) return 4;
  if (isIPv6(address) && !address.includes('%')) return 6;
  throw new RangeError(`not an IP address: ${address}`);
}

/** The 4 or 16 bytes of an address, in network order. @throws RangeError as {@link familyOf} */
export function ipBytes(address: string): Buffer {
  return familyOf(address) === 4 ? ipv4Bytes(address) : Buffer.from(ipaddr.parse(address).toByteArray());
}

/** @throws RangeError for anything but four decimal numbers */
export function ipv4Bytes(address: string): Buffer {
  if (!isIPv4(address)) throw new RangeError(`not an IPv4 address: ${address}`);
  return Buffer.from(address.split('.').map(Number));
}

/** The text of 4 or 16 bytes; for IPv6 the shortest one (RFC 5952). */
export function ipText(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : ipaddr.fromByteArray([...bytes]).toString();
}
