import type { BridgeRules, PortElement } from '../firewall/table.ts';

/**
 * What the main thread asks of the kernel thread. Everything is plain data: it crosses a message port. Each request is
 * done whole or leaves nothing.
 */
export interface KernelRequests {
  /** What the host has: before a subnet is chosen. */
  survey: { readonly params: { readonly bridge: string }; readonly result: HostSurvey };
  /** Makes bridges and the firewall table or brings them up to date. */
  setUp: { readonly params: { readonly bridges: readonly BridgePlan[] }; readonly result: HostReport };
  attach: { readonly params: SandboxPlan; readonly result: undefined };
  detach: { readonly params: SandboxRemoval; readonly result: undefined };
  /** Looks what others did to the firewall, and lets bridges through a `policy drop` that came. */
  lookAtFirewall: {
    readonly params: { readonly bridges: readonly string[] };
    readonly result: HostReport & { readonly tableIsThere: boolean };
  };
  /** Makes the table again with everything in it: somebody has flushed the firewall ({@link FIREWALL_GONE}). */
  repairFirewall: {
    readonly params: { readonly bridges: readonly BridgeRules[]; readonly elements: readonly PortElement[] };
    readonly result: HostReport;
  };
  /** Makes bridges that others removed again, with their ports, and undoes what else others did to them. */
  repairBridges: {
    readonly params: { readonly bridges: readonly BridgePlan[]; readonly ports: readonly BridgePort[] };
    readonly result: { readonly repaired: readonly string[]; readonly failed: readonly string[] };
  };
  /** Removes what is ours in the kernel and not in `keep`. */
  reconcile: { readonly params: Keep; readonly result: HostReport };
  /** Removes table, namespaces, links, and the bridges that were made here unless somebody else uses them. */
  tearDown: {
    readonly params: { readonly bridges: readonly string[] };
    readonly result: { readonly left: readonly UsedBridge[] };
  };
}

/** Code of an answer: the table that a change is for is not there. */
export const FIREWALL_GONE = 'FIREWALL_GONE';

export type KernelOperation = keyof KernelRequests;

/** Fixed for the life of the thread. */
export interface KernelConfig {
  /** Name of the nftables table. */
  readonly table: string;
  /** Directory of the mounted network namespaces. */
  readonly netnsDirectory: string;
  /** Link group of every link made here. */
  readonly linkGroup: number;
}

export interface HostSurvey {
  /** Networks that the host reaches by other links than the bridge. */
  readonly routes: readonly { readonly destination: string; readonly prefixLength: number }[];
  /** The bridge as it is; undefined when there is none of that name. */
  readonly bridge:
    | {
        readonly kind: string;
        readonly ours: boolean;
        readonly mtu: number;
        readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
      }
    | undefined;
}

export interface BridgePlan extends BridgeRules {
  readonly gateway: string;
  readonly prefixLength: number;
  readonly mtu: number;
  /** Fails instead of making it. */
  readonly mustExist: boolean;
}

/** A container's link at a bridge. */
export interface BridgePort {
  readonly hostLink: string;
  readonly bridge: string;
}

/** A bridge of ours that others use as well: `users` says who, for people. */
export interface UsedBridge {
  readonly bridge: string;
  readonly users: readonly string[];
}

export interface HostReport {
  /** For people: what of the host stands in the way. */
  readonly warnings: readonly string[];
  /** The firewall is reached by spawning `nft`. */
  readonly spawnsNft: boolean;
}

export interface SandboxPlan {
  readonly netnsPath: string;
  readonly links: readonly LinkPlan[];
  /** `net/ipv4/ip_forward` to value. */
  readonly sysctls: readonly (readonly [key: string, value: string])[];
  readonly elements: readonly PortElement[];
}

export interface LinkPlan {
  /** Of the end that is a port of the bridge. */
  readonly hostName: string;
  readonly bridge: string;
  /** `eth0` */
  readonly name: string;
  readonly mtu: number;
  /** 12 hex digits. */
  readonly hardwareAddress: string;
  readonly address: string;
  readonly prefixLength: number;
  /** '' for no default route. */
  readonly gateway: string;
}

export interface SandboxRemoval {
  readonly netnsPath: string;
  readonly hostLinks: readonly string[];
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

export interface KernelAnswer {
  readonly id: number;
  readonly result?: unknown;
  /** `code` is an errno name where the kernel gave one. */
  readonly error?: { readonly message: string; readonly code?: string | undefined };
}
