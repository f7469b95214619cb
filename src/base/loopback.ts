import { isIPv4 } from 'node:net';

/**
 * Whether a host can only be this machine: `localhost`, `::1` or an address of 127.0.0.0/8. A name that only begins
 * like an address does not count.
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
