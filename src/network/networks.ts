import type { EndpointSettings, Filters, PortMap } from '../spec/index.ts';

/**
 * The networks of the engine and the sandboxes (network namespaces) of containers.
 *
 * A *sandbox* is a container's network namespace with one *endpoint* per network it is on. `attach` makes it all or
 * leaves nothing; `detach` may run twice and never waits for the kernel to delete links.
 */
export interface Networks {
  list(filters?: Filters): Promise<readonly NetworkInspect[]>;
  /** By name, id or unique id prefix. @throws EngineError notFound `network x not found` */
  inspect(ref: string): NetworkInspect;
  /** Names of the networks that were removed, since no container is on them. The engine's own stay. @throws EngineError invalid */
  prune(filters: Filters): readonly string[];

  /**
   * What can be told before a start: bad ports, bad addresses. Not whether they are free, nor whether the network exists.
   * @throws EngineError invalid
   */
  check(request: Pick<SandboxRequest, 'mode' | 'endpoints' | 'portBindings'>): void;
  /** @throws EngineError as Docker words it: port is already allocated, address in use, network not found */
  attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox>;
  /** Idempotent; carries on past what fails. */
  detach(containerId: string): Promise<void>;
  /** The name that `inspect` shows from now on. */
  rename(containerId: string, containerName: string): void;
  /**
   * After a restart of the daemon: takes over the sandboxes of `running`, removes every other one of ours that is still
   * in the kernel (namespaces, links, addresses, firewall elements, port reservations).
   */
  restore(running: readonly SandboxState[]): Promise<void>;
  /** What `host-gateway` stands for in `--add-host`; undefined without the default bridge. */
  readonly hostGateway: string | undefined;
  /** Sentences for `info`: what of the host stands in the way, such as a foreign firewall. */
  warnings(): readonly string[];
  /** Releases sockets and handles; what containers use stays in the kernel. */
  close(): Promise<void>;
  /** Only when no container runs: removes the bridge (if an engine made it), the table and what else is in the kernel, and closes. */
  tearDown(): Promise<void>;
}

export interface SandboxRequest {
  readonly containerId: string;
  readonly containerName: string;
  /** `bridge` (`default`, ''), `none`, or the name or id of a network. `host` and `container:x` never get here. */
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** `80/tcp`, as exposed by the image and the container. */
  readonly exposedPorts: readonly string[];
  readonly portBindings: PortMap;
  readonly publishAll: boolean;
  /** Written inside the namespace before anything runs. */
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface Sandbox {
  /** Bind-mounted network namespace, given to the runtime. */
  readonly netnsPath: string;
  readonly sandboxId: string;
  /** With what was allocated filled in, keyed by network name. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** With the host ports that were chosen; exposed but unpublished ports map to null. */
  readonly ports: PortMap;
}

/** What `containers` stores of a running container's sandbox and hands back after a restart. */
export interface SandboxState extends Sandbox {
  readonly containerId: string;
  /** For `inspect`; the id when absent. */
  readonly containerName?: string;
}

/** `GET /networks/{id}`, in the API's spelling. */
export interface NetworkInspect {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: 'local';
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config:
      | readonly { readonly Subnet?: string; readonly Gateway?: string; readonly IPRange?: string }[]
      | null;
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  readonly Containers: Readonly<
    Record<
      string,
      {
        readonly Name: string;
        readonly EndpointID: string;
        readonly MacAddress: string;
        readonly IPv4Address: string;
        readonly IPv6Address: string;
      }
    >
  >;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
  /** By subnet. */
  readonly Status: { readonly IPAM: { readonly Subnets: Readonly<Record<string, SubnetStatus>> } };
}

export interface SubnetStatus {
  /** Of containers, and what never is: the gateway, the network's own and its broadcast address. */
  readonly IPsInUse: number;
  readonly DynamicIPsAvailable: number;
}
