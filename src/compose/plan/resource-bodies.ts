import type { CreateNetworkBody, CreateVolumeBody } from '../../client/index.ts';
import type { Network, Project, Volume } from '../model/index.ts';
import { COMPOSE_VERSION, LABEL } from '../running/index.ts';
import { recordOf, withoutUndefined } from './container/sparse.ts';

/** What the engine is asked for a network of a project. */
export function networkBody(project: Project, key: string, network: Network, configHash: string): CreateNetworkBody {
  const { driver, driver_opts, ipam, internal, attachable, enable_ipv4, enable_ipv6 } = network;
  const pools = (ipam?.config ?? []).map(({ subnet = '', gateway, ip_range, aux_addresses }) =>
    withoutUndefined({
      Subnet: subnet,
      Gateway: gateway,
      IPRange: ip_range,
      AuxiliaryAddresses: recordOf(aux_addresses),
    }),
  );
  const hasIpam = ipam?.driver !== undefined || pools.length > 0;
  return withoutUndefined({
    Name: network.name ?? `${project.name}_${key}`,
    Driver: driver,
    Options: recordOf(driver_opts),
    IPAM: hasIpam ? withoutUndefined({ Driver: ipam?.driver, Config: pools }) : undefined,
    Internal: internal,
    Attachable: attachable,
    EnableIPv4: enable_ipv4,
    EnableIPv6: enable_ipv6,
    Labels: {
      ...recordOf(network.labels),
      [LABEL.configHash]: configHash,
      [LABEL.network]: key,
      [LABEL.project]: project.name,
      [LABEL.version]: COMPOSE_VERSION,
    },
  }) as CreateNetworkBody;
}

/** What the engine is asked for a volume of a project. */
export function volumeBody(project: Project, key: string, volume: Volume, configHash: string): CreateVolumeBody {
  return withoutUndefined({
    Name: volume.name ?? `${project.name}_${key}`,
    Driver: volume.driver,
    DriverOpts: recordOf(volume.driver_opts),
    Labels: {
      ...recordOf(volume.labels),
      [LABEL.configHash]: configHash,
      [LABEL.project]: project.name,
      [LABEL.volume]: key,
      [LABEL.version]: COMPOSE_VERSION,
    },
  }) as CreateVolumeBody;
}
