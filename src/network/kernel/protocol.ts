import type { IpvlanFlag, IpvlanMode, MacvlanMode, TokenBucket } from '../../linux/index.ts';
import type { NameSockets } from '../../spec/index.ts';
import type { BridgeRules, PortElement, TableFamily } from '../firewall/table.ts';

/**
 * The requests to the kernel thread. All data is plain, since it crosses a message port. A request is done completely
 * or leaves nothing.
 */
export interface KernelRequests {
  /** Surveys the host, before a subnet is chosen. */
  survey: { readonly params: { readonly bridge: string }; readonly result: HostSurvey };
  /** Makes what the networks need on the host and the firewall table, or updates them. */
  setUp: { readonly params: { readonly networks: readonly HostPlan[] }; readonly result: HostReport };
  /** Makes what a network needs on the host. */
  addNetwork: { readonly params: HostPlan; readonly result: HostReport };
  /** Removes what a network has on the host, unless others use it. Missing parts are success. */
  removeNetwork: { readonly params: HostPlan; readonly result: { readonly left: readonly UsedLink[] } };
  /** Makes a sandbox. Returns its sockets for DNS queries, which the caller closes, when the plan has names. */
  attach: { readonly params: SandboxPlan; readonly result: NameSockets | undefined };
  /** Adds a link to a sandbox. Returns as `attach`. */
  connect: { readonly params: ConnectPlan; readonly result: NameSockets | undefined };
  /** Opens a sandbox's sockets for DNS queries anew, after every holder of the former ones has died. */
  openNames: { readonly params: { readonly netnsPath: string }; readonly result: NameSockets };
  /** Removes a link from a sandbox. */
  disconnect: { readonly params: DisconnectPlan; readonly result: undefined };
  detach: { readonly params: SandboxRemoval; readonly result: undefined };
  /** Checks changes of the firewall by others, and lets bridges through a new `policy drop`. */
  checkFirewall: {
    readonly params: { readonly bridges: readonly string[] };
    readonly result: HostReport & { readonly tableIsThere: boolean };
  };
  /** Makes the table again with everything in it, after others have flushed the firewall ({@link FIREWALL_GONE}). */
  repairFirewall: {
    readonly params: { readonly networks: readonly HostPlan[]; readonly elements: readonly PortElement[] };
    readonly result: HostReport;
  };
  /** Makes bridges that others removed again, with their ports, and undoes other changes by others. */
  repairBridges: {
    readonly params: { readonly networks: readonly HostPlan[]; readonly ports: readonly BridgePort[] };
    /** `lost`: names of links of containers that are not there. */
    readonly result: {
      readonly repaired: readonly string[];
      readonly failed: readonly string[];
      readonly lost: readonly string[];
    };
  };
  /** Removes everything of the engine in the kernel that is not in `keep`. */
  reconcile: { readonly params: Keep; readonly result: HostReport };
  /** Removes the table, namespaces, links, and the bridges that were made here unless others use them. */
  tearDown: {
    readonly params: { readonly networks: readonly HostPlan[] };
    readonly result: { readonly left: readonly UsedLink[] };
  };
}

/** Error code of a response: the engine's table does not exist. */
export const FIREWALL_GONE = 'FIREWALL_GONE';

export type KernelOperation = keyof KernelRequests;

/** The configuration, fixed for the life of the thread. */
export interface KernelConfig {
  /** Name of the nftables table. */
  readonly table: string;
  /** Directory of the mounted network namespaces. */
  readonly netnsDirectory: string;
  /** The families in which the engine changes the firewall. */
  readonly families: readonly TableFamily[];
  /** Whether the engine makes the host forward packets. */
  readonly forwards: boolean;
  /** Link group of every link made here. */
  readonly linkGroup: number;
  /** Links that a bridge takes before its network gets a further one. */
  readonly portsPerBridge: number;
}

export interface HostSurvey {
  /** Networks that the host reaches by other links than the bridge. */
  readonly routes: readonly { readonly destination: string; readonly prefixLength: number }[];
  /** The bridge as it is. Undefined when none has that name. */
  readonly bridge:
    | {
        readonly kind: string;
        readonly ours: boolean;
        readonly mtu: number;
        readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
      }
    | undefined;
}

/** What a network needs on the host, by kind. */
export type HostPlan = BridgePlan | ParentPlan;

/** An address of a link, with the length of its network's prefix. */
export interface PlannedAddress {
  readonly address: string;
  readonly prefixLength: number;
}

export interface BridgePlan extends BridgeRules {
  readonly kind: 'bridge';
  /** Addresses of the bridge: the gateways of the network. */
  readonly addresses: readonly PlannedAddress[];
  readonly mtu: number;
  /** Whether a missing bridge is an error. Otherwise it is made. */
  readonly mustExist: boolean;
  /** Whether the engine cannot start without the bridge. Otherwise a failure is a warning. */
  readonly isRequired: boolean;
}

/**
 * The interface of the host below the containers' links of a macvlan or ipvlan network: one that is there, a VLAN device
 * such as `eth0.10` that the engine makes when it is missing, or a dummy link of the engine.
 */
export interface ParentPlan {
  readonly kind: 'parent';
  readonly parent: string;
  /** Whether the user gave no parent: the containers reach each other alone. */
  readonly isDummy: boolean;
}

/** The plans of bridges. The firewall serves them alone. */
export function bridgePlans(networks: readonly HostPlan[]): readonly BridgePlan[] {
  return networks.filter((plan) => plan.kind === 'bridge');
}

export function parentPlans(networks: readonly HostPlan[]): readonly ParentPlan[] {
  return networks.filter((plan) => plan.kind === 'parent');
}

/** A container's link at a bridge. */
export interface BridgePort {
  readonly hostLink: string;
  readonly bridge: string;
  readonly limits?: LinkLimits | undefined;
}

/** Limits of the traffic of a container's link. Undefined for a direction without a limit. */
export interface LinkLimits {
  /** Name of the link on the host in which packets from the container wait. It exists when they are limited. */
  readonly shaper: string;
  readonly mtu: number;
  readonly toContainer: RateLimit | undefined;
  readonly fromContainer: RateLimit | undefined;
}

export type RateLimit = TokenBucket;

/** A bridge or parent that this engine made, and that others use too. `users` names them, for users to read. */
export interface UsedLink {
  readonly link: string;
  readonly users: readonly string[];
}

export interface HostReport {
  /** Warnings for users about obstacles on the host. */
  readonly warnings: readonly string[];
  /** Whether the firewall is reached by spawning `nft`. */
  readonly spawnsNft: boolean;
}

export interface SandboxPlan {
  readonly netnsPath: string;
  /** Path of the user namespace that the sandbox belongs to. Undefined for the engine's own. */
  readonly userNamespace?: string | undefined;
  readonly links: readonly LinkPlan[];
  /** Whether the sandbox gets sockets for DNS queries. */
  readonly hasNames: boolean;
  /** Values by key, such as `net/ipv4/ip_forward`. */
  readonly sysctls: readonly (readonly [key: string, value: string])[];
  readonly elements: readonly PortElement[];
}

/** A container's link, by kind. */
export type LinkPlan = VethPlan | MacvlanPlan | IpvlanPlan | MovedPlan;

/** What all kinds of links have in common. */
interface ContainerLink {
  /** Name in the container: `eth0` */
  readonly name: string;
  readonly addresses: readonly PlannedAddress[];
  /** Gateways of default routes, at most one for each family. */
  readonly gateways: readonly string[];
}

/** A pair of linked interfaces: one in the container, the other a port of a bridge. */
export interface VethPlan extends ContainerLink {
  readonly kind: 'veth';
  /** Name of the end that is a port of the bridge. */
  readonly hostName: string;
  readonly bridge: string;
  readonly mtu: number;
  /** 12 hex digits. */
  readonly hardwareAddress: string;
  readonly limits?: LinkLimits | undefined;
}

/** A link above an interface of the host. Its MTU is the parent's. */
interface StackedLink extends ContainerLink {
  readonly parent: ParentPlan;
  /** Whether the link takes addresses and routes from routers that announce themselves, as other machines there do. */
  readonly hasRouters: boolean;
}

/** A link with a hardware address of its own above an interface of the host. */
export interface MacvlanPlan extends StackedLink {
  readonly kind: 'macvlan';
  readonly mode: MacvlanMode;
  /** 12 hex digits. */
  readonly hardwareAddress: string;
}

/** A link with addresses of its own, and the hardware address of the interface of the host below it. */
export interface IpvlanPlan extends StackedLink {
  readonly kind: 'ipvlan';
  readonly mode: IpvlanMode;
  readonly flag: IpvlanFlag;
  /** The families whose default route is the link itself, without a gateway. */
  readonly direct: readonly (4 | 6)[];
}

/** An interface of the host, made by a plugin, which moves into the container. */
export interface MovedPlan extends ContainerLink {
  readonly kind: 'moved';
  /** Its name on the host. */
  readonly source: string;
  /** 12 hex digits. Empty for an interface that keeps its own. */
  readonly hardwareAddress: string;
  readonly routes: readonly PlannedRoute[];
}

/** A route to a network, by a gateway, or by the link itself ('' for the gateway). */
export interface PlannedRoute extends PlannedAddress {
  readonly gateway: string;
}

/** A link of a container that is there. It is found by its end on the host, or in the sandbox when it has none there. */
export type PresentLink =
  | { readonly at: 'host'; readonly name: string; readonly bridge: string; readonly limits?: LinkLimits | undefined }
  | InnerLink;

/** A link that is in the sandbox alone. Its container may have renamed it. */
export interface InnerLink {
  readonly at: 'sandbox';
  /** The name that the engine gave it. */
  readonly name: string;
  /** Its name on the host, for an interface that a plugin moved in. It returns there. */
  readonly source?: string | undefined;
  /** 12 hex digits. Empty for one that is not known, or not the link's alone. */
  readonly hardwareAddress: string;
  readonly addresses: readonly string[];
}

/** The link that a plan makes, once it is there. */
export function presentLink(plan: LinkPlan): PresentLink {
  if (plan.kind === 'veth') return { at: 'host', name: plan.hostName, bridge: plan.bridge, limits: plan.limits };
  return {
    at: 'sandbox',
    name: plan.name,
    source: plan.kind === 'moved' ? plan.source : undefined,
    hardwareAddress: plan.kind === 'ipvlan' ? '' : plan.hardwareAddress,
    addresses: plan.addresses.map(({ address }) => address),
  };
}

export interface ConnectPlan extends SandboxChange {
  readonly link: LinkPlan;
  /** Whether the sandbox gets sockets for DNS queries, which it did not have. */
  readonly opensNames: boolean;
  readonly sysctls: readonly (readonly [key: string, value: string])[];
}

export interface DisconnectPlan extends SandboxChange {
  readonly link: PresentLink;
}

interface SandboxChange {
  readonly netnsPath: string;
  /** The default routes after the change, at most one for each family, when they change. */
  readonly routes?: readonly DefaultRoute[];
  /** Published ports that lead to another address after the change. */
  readonly elements?: { readonly add: readonly PortElement[]; readonly remove: readonly PortElement[] };
}

export interface DefaultRoute {
  /** Name of the link in the container. */
  readonly link: string;
  readonly gateway: string;
}

export interface SandboxRemoval {
  readonly netnsPath: string;
  readonly links: readonly PresentLink[];
  readonly elements: readonly PortElement[];
}

export interface Keep {
  readonly netnsPaths: readonly string[];
  readonly hostLinks: readonly string[];
  readonly elements: readonly PortElement[];
}

export interface KernelCall {
  readonly id: number;
  readonly operation: KernelOperation;
  readonly params: KernelRequests[KernelOperation]['params'];
}

export interface KernelResponse {
  readonly id: number;
  readonly result?: unknown;
  /** `code` is an errno name, where the kernel returned one. `isFailure` marks what a user can understand and change. */
  readonly error?: { readonly message: string; readonly code?: string | undefined; readonly isFailure: boolean };
}
