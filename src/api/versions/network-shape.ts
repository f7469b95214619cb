import { compareVersions } from '../../base/versions.ts';
import type { NetworkInspect } from '../../network/index.ts';

/** From 1.52 on a network shows how many of its addresses are in use. */
export function networkInspectFor(version: string, network: NetworkInspect): object {
  return compareVersions(version, '1.52') < 0 ? withoutStatus(network) : network;
}

/** Before 1.28 a list had the containers of each network. */
export function networkListedFor(version: string, network: NetworkInspect): object {
  const listed = withoutStatus(network);
  return compareVersions(version, '1.28') < 0 ? listed : { ...listed, Containers: {} };
}

function withoutStatus({ Status: _hidden, ...network }: NetworkInspect): Omit<NetworkInspect, 'Status'> {
  return network;
}
