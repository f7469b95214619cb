import { isIPv4 } from 'node:net';

/** Resolves addresses, which are all that is looked up here, to themselves and in the same turn of the loop. */
export function asIs(
  address: string,
  _options: unknown,
  done: (error: Error | null, address: string, family: number) => void,
): void {
  done(null, address, isIPv4(address) ? 4 : 6);
}
