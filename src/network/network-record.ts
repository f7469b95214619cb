import type { ObjectId } from '../base/ids.ts';
import type { NetworkInspect, SubnetStatus } from './networks.ts';

/**
 * The stored record of a network, by id. It does not hold the addresses in use: they follow from the running
 * containers.
 */
export interface NetworkRecord {
  readonly id: ObjectId;
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly driver: 'bridge' | 'host' | 'null';
  /** Whether the engine itself made the network. Such a network cannot be removed, and has no fixed addresses. */
  readonly builtIn: boolean;
  /** Such as `172.17.0.0/16`. Undefined for networks without addresses. */
  readonly subnet?: string;
  readonly gateway?: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export type AttachedContainers = NetworkInspect['Containers'];

export function inspectNetwork(
  record: NetworkRecord,
  containers: AttachedContainers,
  status: SubnetStatus | undefined,
): NetworkInspect {
  const { subnet, gateway } = record;
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config:
        subnet === undefined ? null : [{ Subnet: subnet, ...(gateway === undefined ? {} : { Gateway: gateway }) }],
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: containers,
    Options: record.options,
    Labels: record.labels,
    Status: { IPAM: { Subnets: subnet === undefined || status === undefined ? {} : { [subnet]: status } } },
  };
}
