import { isIPv4 } from 'node:net';

const GROUP = /^[0-9a-f]{1,4}$/i;
const ZONE = /^[0-9a-z.:-]+$/i;

/**
 * Whether a text is an IPv6 address (RFC 4291 section 2.2), also with a zone after `%`. It says what `isIPv6` of node:net says,
 * whose regular expression takes 10 to 20 ms to compile at its first use, in each thread.
 */
export function isIPv6(text: string): boolean {
  const zone = text.indexOf('%');
  if (zone >= 0) return ZONE.test(text.slice(zone + 1)) && isIPv6(text.slice(0, zone));
  const sides = text.split('::');
  if (sides.length > 2) return false;
  let count = 0;
  for (const [at, side] of sides.entries()) {
    const size = groupsIn(side, at === sides.length - 1);
    if (size === undefined) return false;
    count += size;
  }
  return sides.length === 1 ? count === 8 : count < 8;
}

/** The version of the protocol of an address; 0 for a text that is none. As `isIP` of node:net. */
export function isIP(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) ? 6 : 0;
}

/** The number of 16-bit groups on one side of `::`. Only the end of an address may be written as an IPv4 address. */
function groupsIn(side: string, isEnd: boolean): number | undefined {
  if (side === '') return 0;
  const parts = side.split(':');
  const last = parts.at(-1) ?? '';
  const isDotted = isEnd && isIPv4(last);
  if (isDotted) parts.pop();
  if (!parts.every((part) => GROUP.test(part))) return undefined;
  return parts.length + (isDotted ? 2 : 0);
}
