import { Buffer } from 'node:buffer';
import { isIPv4 } from 'node:net';
import { isIPv6 } from '../base/ip-version.ts';

const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;

/** Whether `text` is an IPv4 or IPv6 address without a zone. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'));
}

/** The 4 or 16 bytes of an address, one character each: the data of an A or AAAA record. */
export function addressData(address: string): string {
  if (isIPv4(address)) return String.fromCharCode(...address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const first = words(head);
  const last = tail === undefined ? [] : words(tail);
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return String.fromCharCode(...[...first, ...zeros, ...last].flatMap((word) => [word >> 8, word & 255]));
}

/** The name under which an address is asked for in reverse, in lower case (RFC 1035 section 3.5, RFC 3596). */
export function reverseName(data: string): string {
  const bytes = [...Buffer.from(data, 'latin1')].reverse();
  if (bytes.length === 4) return `${bytes.join('.')}.in-addr.arpa`;
  return `${bytes.map((byte) => `${(byte & 15).toString(16)}.${(byte >> 4).toString(16)}`).join('.')}.ip6.arpa`;
}

/** A name as the data of a PTR record. Undefined for one that DNS cannot carry. */
export function nameData(name: string): string | undefined {
  let data = '';
  for (const label of name.split('.')) {
    const bytes = Buffer.from(label, 'utf8');
    if (bytes.length === 0 || bytes.length > LABEL_BYTES_MAX) return undefined;
    data += String.fromCharCode(bytes.length) + bytes.toString('latin1');
  }
  return data.length < NAME_BYTES_MAX ? `${data}\0` : undefined;
}

/** A name as the index has it and a query gives it: one character per byte, ASCII in lower case, no trailing dot. */
export function nameKey(name: string): string {
  const bytes = Buffer.from(name.endsWith('.') ? name.slice(0, -1) : name, 'utf8').toString('latin1');
  return bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The 16-bit words of one side of an IPv6 address. The last two may be written as an IPv4 address. */
function words(side: string): number[] {
  if (side === '') return [];
  return side.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
