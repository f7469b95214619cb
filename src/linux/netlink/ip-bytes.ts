import { Buffer } from 'node:buffer';
import { isIPv4 } from 'node:net';
import { isIPv6 } from '../../base/ip-version.ts';
import { libc } from '../libc.ts';

const inetPton = libc.func('int inet_pton(int family, const char *text, _Out_ void *bytes)');
const inetNtop = libc.func('const char *inet_ntop(int family, const void *bytes, _Out_ void *text, uint32_t size)');

/** Address families of socket(2), by the version of the protocol. */
export const AF = { 4: 2, 6: 10 } as const;

export type Family = keyof typeof AF;

/** INET6_ADDRSTRLEN of inet_ntop(3). */
const TEXT_BYTES = 46;

/** @throws RangeError for a text that is not an address, or has a zone */
export function familyOf(address: string): Family {
  if (isIPv4(address)) return 4;
  if (isIPv6(address) && !address.includes('%')) return 6;
  throw new RangeError(`not an IP address: ${address}`);
}

/** The 4 or 16 bytes of an address, in network order. @throws RangeError as {@link familyOf} */
export function ipBytes(address: string): Buffer {
  if (familyOf(address) === 4) return ipv4Bytes(address);
  const bytes = Buffer.alloc(16);
  if (inetPton(AF[6], address, bytes) !== 1) throw new RangeError(`not an IP address: ${address}`);
  return bytes;
}

/** @throws RangeError for anything but four decimal numbers */
export function ipv4Bytes(address: string): Buffer {
  if (!isIPv4(address)) throw new RangeError(`not an IPv4 address: ${address}`);
  return Buffer.from(address.split('.').map(Number));
}

/** The text of 4 or 16 bytes; for IPv6 the shortest one (RFC 5952). */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  return String(inetNtop(AF[6], bytes, Buffer.alloc(TEXT_BYTES), TEXT_BYTES));
}
