import type { EndpointSettings, Filters, PortMap } from '../spec/index.ts';

/**
 * The networks of the engine, and the network namespaces of containers.
 *
 * Words: a *sandbox* is a container's network namespace. An *endpoint* is its connection to one network: a pair of
 * linked interfaces, with addresses. A *published port* is a port of the host that leads to a port of the container.
 *
 * One life: a container's create calls `check`, which refuses impossible ports and addresses early. Each start calls
 * `attach`: it allocates addresses and host ports, makes the namespace with its links and the firewall's elements, and
 * returns the sandbox, or leaves nothing. The container stores the sandbox with its record and joins the namespace.
 * While it runs, `connect` and `disconnect` change its endpoints, `inspect` shows them, and `rename` follows its name. Its exit calls `detach`, which releases
 * addresses and ports at once; the kernel deletes the links later. After a restart of the daemon `restore` takes over
 * the sandboxes of running containers and removes all others. At the engine's end `close` leaves the sandboxes in the
 * kernel; `tearDown` removes everything.
 */
export interface Networks {
  list(filters?: Filters): Promise<readonly NetworkInspect[]>;
  /** Finds a network by name, id or unique id prefix. @throws EngineError notFound `network x not found` */
  inspect(ref: string): NetworkInspect;
  /** Returns the name of a network's driver by the network's id, '' for a network that was removed. */
  driverOf(id: string): string;
  /**
   * Makes a network. @throws EngineError in Docker's words: conflict for a name that exists, forbidden for the engine's
   * own names and for overlapping subnets, invalid, notFound for a missing driver
   */
  create(request: CreateNetwork): Promise<{ readonly id: string }>;
  /** Removes a network. @throws EngineError notFound, forbidden for one of the engine's own or one in use */
  remove(ref: string): Promise<void>;
  /** Removes networks without containers, except the engine's own. Returns their names. @throws EngineError invalid */
  prune(filters: Filters): Promise<readonly string[]>;

  /**
   * Checks a request for errors that no start can avoid, such as malformed ports and addresses. It does not check
   * whether ports and addresses are free, nor whether the network exists.
   * @throws EngineError invalid
   */
  check(request: Pick<SandboxRequest, 'mode' | 'endpoints' | 'portBindings'>): void;
  /** Checks an endpoint as {@link check} does, for `connect`. @throws EngineError notFound, invalid */
  checkEndpoint(network: string, asked: EndpointSettings): void;
  /**
   * Makes the container's sandbox. @throws EngineError in Docker's words: port is already allocated, address in use,
   * network not found
   */
  attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox>;
  /**
   * Removes the container's sandbox. Idempotent. A failing step does not stop the others. Never waits for the kernel to
   * delete links.
   */
  detach(containerId: string): Promise<void>;
  /**
   * Connects an attached container to a further network. Returns its sandbox, with the new endpoint.
   * @throws EngineError as {@link attach}; forbidden when it is connected already; then nothing has changed
   */
  connect(request: SandboxRequest, network: string): Promise<Sandbox>;
  /**
   * Disconnects an attached container from a network, by name or id. Returns its sandbox without the endpoint.
   * @throws EngineError notFound; failed when it is not connected
   */
  disconnect(request: SandboxRequest, network: string): Promise<Sandbox>;
  /**
   * Changes the container's name: in `inspect`, and on its networks. Returns the sandbox with its new names. Undefined
   * for a container without names on networks.
   */
  rename(containerId: string, containerName: string): Promise<Sandbox | undefined>;
  /**
   * After a restart of the daemon: takes over the sandboxes of `running`, and removes every other one of the engine
   * that is still in the kernel (namespaces, links, addresses, firewall elements, port reservations).
   * Plugins hear that the endpoints of `lost` are gone: those of containers that ran and were not seen to end.
   */
  restore(running: readonly SandboxState[], lost?: readonly SandboxState[]): Promise<void>;
  /** The addresses for `host-gateway` in `--add-host`, one for each family of the default bridge. Empty without it. */
  readonly hostGateways: readonly string[];
  /** Sentences for `info` about obstacles on the host, such as a foreign firewall. */
  warnings(): readonly string[];
  /** Closes sockets and handles. Everything that containers use stays in the kernel. */
  close(): Promise<void>;
  /**
   * Removes the bridge (if an engine made it), the table and everything else from the kernel, and closes. Only when no
   * container runs.
   */
  tearDown(): Promise<void>;
}

export interface SandboxRequest {
  readonly containerId: string;
  readonly containerName: string;
  /** The container's host name, one of its names on networks of users. */
  readonly hostname?: string;
  /**
   * `bridge` (`default`, ''), `none`, or the name or id of a network. Callers handle `host` and `container:x`
   * themselves. Undefined for the networks of `endpoints` alone.
   */
  readonly mode: string | undefined;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** Ports such as `80/tcp` that the image and the container expose. */
  readonly exposedPorts: readonly string[];
  readonly portBindings: PortMap;
  readonly publishAll: boolean;
  /** The published ports of the last run, which the engine chooses again when they are free. */
  readonly lastPorts?: PortMap | undefined;
  /** Sysctls that are written inside the namespace before anything runs. */
  readonly sysctls: Readonly<Record<string, string>>;
  /**
   * Path of the user namespace whose root may change the sandbox's network, such as `/proc/1/ns/user`. Undefined for the
   * engine's own.
   */
  readonly userNamespace?: string | undefined;
  /** Addresses of `--dns`, for names that are not containers'. Default: the servers of the host. */
  readonly dns?: readonly string[] | undefined;
}

export interface Sandbox {
  /** Path of the bind-mounted network namespace, for the runtime. */
  readonly netnsPath: string;
  readonly sandboxId: string;
  /** The endpoints with allocated values filled in, by network name. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** Names of the interfaces in the container, by network name. Absent in records of earlier releases. */
  readonly interfaces?: Readonly<Record<string, string>>;
  /** Names on the host of the interfaces that plugins moved into the container, by network name. */
  readonly sources?: Readonly<Record<string, string>>;
  /** The port bindings with the chosen host ports. Exposed but unpublished ports map to null. */
  readonly ports: PortMap;
  /** Present when the engine's name server answers its DNS queries, at 127.0.0.11. */
  readonly names?: SandboxResolver;
}

export interface SandboxResolver {
  /** Addresses of `--dns`. Empty for the servers of the host. */
  readonly servers: readonly string[];
}

/** The sandbox of a running container, as `containers` stores it and passes it to `restore`. */
export interface SandboxState extends Sandbox {
  readonly containerId: string;
  /** The name for `inspect`. Default: the id. */
  readonly containerName?: string;
}

/** A network that a client asks for. Absent fields have Docker's defaults. */
export interface CreateNetwork {
  readonly name: string;
  /** Default `bridge`. */
  readonly driver?: string;
  readonly scope?: string;
  readonly enableIpv4?: boolean;
  readonly enableIpv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ingress?: boolean;
  readonly configOnly?: boolean;
  /** Name of the configuration to take subnets and options from. */
  readonly configFrom?: string;
  readonly ipam?: {
    readonly driver?: string;
    readonly options?: Readonly<Record<string, string>> | null;
    readonly pools: readonly RequestedPool[];
  };
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A subnet as a client writes it. '' stands for an absent value. */
export interface RequestedPool {
  readonly subnet: string;
  readonly ipRange: string;
  readonly gateway: string;
  readonly auxAddresses: Readonly<Record<string, string>>;
}

/** The response to `GET /networks/{id}`, in the API's spelling. */
export interface NetworkInspect {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: 'local' | 'swarm' | 'global';
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config:
      | readonly {
          readonly Subnet?: string;
          readonly IPRange?: string;
          readonly Gateway?: string;
          readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
        }[]
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
  /** Keyed by subnet. */
  readonly Status: { readonly IPAM: { readonly Subnets: Readonly<Record<string, SubnetStatus>> } };
}

export interface SubnetStatus {
  /** Addresses of containers, and reserved ones: the gateway, the network's own and its broadcast address. */
  readonly IPsInUse: number;
  readonly DynamicIPsAvailable: number;
}
