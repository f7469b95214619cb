import type { Sandbox } from './networks.ts';

/** Name of the link's end at the bridge: 15 bytes at most, derived from the stored endpoint. */
export function hostLinkName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

/** The links at the bridge of a sandbox, which an earlier daemon may have stored. */
export function hostLinksOf({ endpoints }: Sandbox): readonly string[] {
  return Object.values(endpoints)
    .filter(({ IPAddress = '' }) => IPAddress !== '')
    .map(({ EndpointID = '' }) => hostLinkName(EndpointID));
}
