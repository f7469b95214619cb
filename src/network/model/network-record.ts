import type { ObjectId } from '../../base/ids.ts';
import type { IpamPool } from '../ipam/network-addresses.ts';

/**
 * The stored record of a network, by id. It does not hold the addresses in use: they follow from the running
 * containers. A change of its form needs a migration (`store/db/migrate.ts`).
 */
export interface NetworkRecord {
  readonly id: ObjectId;
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  /** The driver's name in the table of drivers. */
  readonly driver: string;
  readonly scope: 'local' | 'swarm' | 'global';
  /** Whether the engine itself made the network. Such a network cannot be removed, and has no fixed addresses. */
  readonly builtIn: boolean;
  readonly enableIpv4: boolean;
  readonly enableIpv6: boolean;
  /** Whether the network has no way out of the host. */
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ingress: boolean;
  /** Whether the record only holds a configuration for other networks. */
  readonly configOnly: boolean;
  /** Name of the configuration that the network was made from. '' for none. */
  readonly configFrom: string;
  readonly ipam: NetworkIpam;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkIpam {
  /** `default`, `null` or a plugin's name. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>> | null;
  /** Empty for networks without addresses. */
  readonly pools: readonly IpamPool[];
}

/** Whether the engine itself allocates subnets and addresses. Otherwise a plugin does. */
export function isOwnIpam(driver: string): boolean {
  return driver === 'default' || driver === 'null';
}

/** The pools from which containers get addresses: those of the enabled families. */
export function poolsInUse({ enableIpv4, enableIpv6, ipam }: NetworkRecord): readonly IpamPool[] {
  return ipam.pools.filter(({ subnet }) => (subnet.includes(':') ? enableIpv6 : enableIpv4));
}

/** The fields that most networks have in common. */
export const PLAIN_NETWORK = {
  scope: 'local',
  enableIpv4: true,
  enableIpv6: false,
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: '',
  ipam: { driver: 'default', options: null, pools: [] },
  options: {},
  labels: {},
} as const satisfies Partial<NetworkRecord>;
