import type { Sandbox } from './networks.ts';

/** Of the end at the bridge: 15 bytes at most, and found again from what is stored of the endpoint. */
export function hostLinkName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

/** The links at the bridge of a sandbox, which may have been stored by an earlier daemon. */
export function hostLinksOf({ endpoints }: Sandbox): readonly string[] {
  return Object.values(endpoints)
    .filter(({ IPAddress = '' }) => IPAddress !== '')
    .map(({ EndpointID = '' }) => hostLinkName(EndpointID));
}
