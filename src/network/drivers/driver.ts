import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';
import type { SubnetUse } from '../ipam/address-allocator.ts';
import type { FamilyAddresses } from '../ipam/network-addresses.ts';
import type { HostPlan, LinkPlan, PresentLink, VethPlan } from '../kernel/protocol.ts';
import type { NetworkRecord } from '../model/network-record.ts';

/**
 * One kind of network. A driver decides for the records with its name, and for no others: it checks endpoints,
 * allocates addresses, and plans what the kernel thread makes. All methods are synchronous, so that two starts never
 * interleave.
 *
 * One life of a network: `checkNetwork` checks it when it is made, and `hostPlan` says what it needs on the host. Each
 * endpoint is checked with `checkEndpoint` when its container is created, and planned with `connect` at each start;
 * `publishing` says how its ports are published. `adopt` takes over an endpoint that an earlier daemon made, and
 * `presentLink` finds its link. `disconnect` releases an endpoint's addresses. `forget` follows the removal of the network.
 */
export interface NetworkDriver {
  /**
   * Checks a new network. `others` are all networks of the engine. @throws EngineError invalid, forbidden, in Docker's
   * words
   */
  checkNetwork(record: NetworkRecord, others: readonly NetworkRecord[]): void;
  /** Whether the subnets of a new network need a gateway. */
  needsGateway(network: Pick<NetworkRecord, 'internal' | 'options'>, family: Family): boolean;
  /** How published ports of a family work for a container whose default gateway is on the network. Undefined: they do not. */
  publishing(network: Pick<NetworkRecord, 'options'>, family: Family): Publishing | undefined;
  /** What the network needs on the host. Undefined for nothing. */
  hostPlan(record: NetworkRecord): HostPlan | undefined;
  /** Checks a client's request for errors that no start can avoid. @throws EngineError invalid, in Docker's words */
  checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void;
  /**
   * Allocates addresses and plans the link. `asked` is the client's request.
   * @throws EngineError as Docker words it; then nothing is allocated
   */
  connect(record: NetworkRecord, asked: EndpointSettings, link: LinkNames): Endpoint;
  /**
   * Allocates the addresses of an existing endpoint. Never throws: two containers with one address are an error of the
   * past.
   */
  adopt(record: NetworkRecord, settings: EndpointSettings): void;
  /** Numbers of addresses by subnet. Empty for networks without addresses. */
  use(record: NetworkRecord): Readonly<Record<string, SubnetUse>>;
  /** Releases the addresses. May be repeated. */
  disconnect(record: NetworkRecord, settings: EndpointSettings): void;
  /** The link of an existing endpoint. Undefined for an endpoint without one. */
  presentLink(record: NetworkRecord, settings: EndpointSettings, names: PresentNames): PresentLink | undefined;
  /** Plans the link of an existing endpoint, which somebody has removed. Absent for links that only go with their sandbox. */
  linkAgain?(record: NetworkRecord, settings: EndpointSettings, name: string): VethPlan;
  /** Forgets the addresses of a removed network. */
  forget(record: NetworkRecord): void;
  /** The part that another program does. Undefined for drivers of the engine. */
  readonly remote?: RemoteNetwork;
}

/**
 * What a plugin does for a network, beside the engine's own steps. Each step may take seconds. @throws EngineError as
 * `Plugin.call`
 */
export interface RemoteNetwork {
  createNetwork(record: NetworkRecord): Promise<void>;
  deleteNetwork(record: NetworkRecord): Promise<void>;
  /** Makes an endpoint's interface on the host, or leaves nothing. `settings` are those of `connect`. */
  join(record: NetworkRecord, settings: EndpointSettings, at: JoinPlace): Promise<Endpoint>;
  /** Removes an endpoint. Its interface may be gone already, with the sandbox. */
  leave(network: { readonly id: string }, endpoint: Pick<EndpointSettings, 'EndpointID'>): Promise<void>;
}

export interface JoinPlace {
  /** Name of the interface in the container. */
  readonly name: string;
  /** Where the sandbox will be. */
  readonly netnsPath: string;
}

export interface Publishing {
  /**
   * `nat`: by a port of the host. `routed`: other machines have a route to the container, and reach its published ports
   * by its own address.
   */
  readonly mode: 'nat' | 'routed';
  /** Whether some interfaces of the host are trusted: packets from there reach published ports by the container's address. */
  readonly isTrusting: boolean;
}

export interface LinkNames {
  readonly endpointId: string;
  /** Name of the interface in the container, such as `eth0`. */
  readonly name: string;
  /** The addresses that an IPAM plugin has lent. Undefined where the driver allocates them. */
  readonly lent: FamilyAddresses | undefined;
}

export interface PresentNames {
  /** The interface in the container. '' for none. */
  readonly name: string;
  /** The interface on the host, before a plugin's was moved into the container. */
  readonly source?: string | undefined;
}

export interface Endpoint {
  /** All fields filled in, except NetworkID and EndpointID. */
  readonly settings: EndpointSettings;
  /** Undefined for an endpoint without a link. */
  readonly link: LinkPlan | undefined;
}
