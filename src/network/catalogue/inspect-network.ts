import type { SubnetUse } from '../ipam/address-allocator.ts';
import type { IpamPool } from '../ipam/network-addresses.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkInspect } from '../networks.ts';

export type AttachedContainers = NetworkInspect['Containers'];

/** The response to `GET /networks/{id}`. `use` counts the addresses of each subnet. */
export function inspectNetwork(
  record: NetworkRecord,
  containers: AttachedContainers,
  use: Readonly<Record<string, SubnetUse>>,
): NetworkInspect {
  const { ipam } = record;
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: record.scope,
    Driver: record.driver,
    EnableIPv4: record.enableIpv4,
    EnableIPv6: record.enableIpv6,
    IPAM: {
      Driver: ipam.driver,
      Options: ipam.options,
      Config: ipam.pools.length === 0 ? null : ipam.pools.map(inspectPool),
    },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: record.ingress,
    ConfigFrom: { Network: record.configFrom },
    ConfigOnly: record.configOnly,
    Containers: containers,
    Options: record.options,
    Labels: record.labels,
    Status: {
      IPAM: {
        Subnets: Object.fromEntries(
          Object.entries(use).map(([subnet, { inUse, free }]) => [
            subnet,
            { IPsInUse: inUse, DynamicIPsAvailable: free },
          ]),
        ),
      },
    },
  };
}

function inspectPool({ subnet, gateway, isGatewayImplied, ipRange, auxAddresses }: IpamPool) {
  return {
    Subnet: subnet,
    ...(ipRange === undefined ? {} : { IPRange: ipRange }),
    ...(gateway === undefined || isGatewayImplied ? {} : { Gateway: gateway }),
    ...(auxAddresses === undefined ? {} : { AuxiliaryAddresses: auxAddresses }),
  };
}
