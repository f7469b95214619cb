import type { Sandbox } from '../networks.ts';

/** Names of the interfaces in a sandbox, by network name. Earlier releases named them by their order. */
export function interfacesOf({ endpoints, interfaces }: Sandbox): Readonly<Record<string, string>> {
  return interfaces ?? Object.fromEntries(Object.keys(endpoints).map((name, at) => [name, `eth${at}`]));
}

/** The name of a further interface: the lowest free number, as in Docker. */
export function freeInterface(taken: readonly string[]): string {
  for (let number = 0; ; number++) if (!taken.includes(`eth${number}`)) return `eth${number}`;
}
