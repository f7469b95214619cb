import { isIP } from '../../base/ip-version.ts';
import type { PortMap } from '../../spec/index.ts';
import type { PublishedPort } from './port-registry.ts';
import { parseContainerPort } from './port-request.ts';

/** The published ports of a stored port map: the inverse of ContainerPorts.map. Malformed entries are omitted. */
export function publishedPorts(map: PortMap): readonly Omit<PublishedPort, 'fd'>[] {
  return Object.entries(map).flatMap(([key, bindings]) =>
    (bindings ?? []).flatMap(({ HostIp = '', HostPort = '' }) => {
      // Without a port of the host: a port of a routed network.
      const hostPort = Number(HostPort);
      const isValid = HostPort === '' || (Number.isInteger(hostPort) && hostPort >= 1 && hostPort <= 65535);
      if (isIP(HostIp) === 0 || !isValid) return [];
      return [{ ...parseContainerPort(key), hostAddress: HostIp, hostPort }];
    }),
  );
}
