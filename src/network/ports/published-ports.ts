import { isIP } from 'node:net';
import type { PortMap } from '../../spec/index.ts';
import type { PublishedPort } from './port-registry.ts';
import { parseContainerPort } from './port-request.ts';

/** The published ports of a stored port map: the inverse of ContainerPorts.map. Malformed entries are omitted. */
export function publishedPorts(map: PortMap): readonly Omit<PublishedPort, 'fd'>[] {
  return Object.entries(map).flatMap(([key, bindings]) =>
    (bindings ?? []).flatMap(({ HostIp = '', HostPort = '' }) => {
      const hostPort = Number(HostPort);
      if (isIP(HostIp) === 0 || !Number.isInteger(hostPort) || hostPort < 1 || hostPort > 65535) return [];
      return [{ ...parseContainerPort(key), hostAddress: HostIp, hostPort }];
    }),
  );
}
