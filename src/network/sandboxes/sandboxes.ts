import { join } from 'node:path';
import { EngineError, failed, messageOf } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SandboxRemoval } from '../kernel/protocol.ts';
import type { Leases } from '../leases/leases.ts';
import type { NetworkTable } from '../model/network-table.ts';
import { endpointsOf, type SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import { linkSysctls, sysctlKey } from '../model/sysctl-key.ts';
import { ContainerNames } from '../names/container-names.ts';
import type { NameServer } from '../names/name-server.ts';
import { renamed } from '../names/renamed.ts';
import { networkHasNames } from '../names/sandbox-names.ts';
import type { Sandbox, SandboxRequest, SandboxState } from '../networks.ts';
import { ContainerPorts } from '../ports/container-ports.ts';
import type { PortRegistry } from '../ports/port-registry.ts';
import { publishedPorts } from '../ports/published-ports.ts';
import type { RelayBudget } from '../ports/relay-budget.ts';
import { isFirewallGone } from '../repair/firewall-repair.ts';
import { type Attached, hostLinkNames, linksOf, sourcesOf } from './attached.ts';
import { connectSandbox, disconnectSandbox } from './change-endpoints.ts';
import { type ConnectedEndpoint, connectEndpoints, withDefaultRoutes } from './connect-endpoints.ts';
import { releaseAddresses } from './release-addresses.ts';
import type { RemoteEndpoints } from './remote-endpoints.ts';
import { portTarget, reservePorts, shownPorts } from './reserve-ports.ts';
import { checkConfig, wantEndpoints } from './want-endpoints.ts';
import { wantedNetworks } from './wanted-networks.ts';

export interface SandboxesDeps {
  readonly kernel: Kernel;
  readonly nameServer: Promise<NameServer>;
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
  readonly leases: Leases;
  readonly remoteEndpoints: RemoteEndpoints;
  readonly registry: PortRegistry;
  readonly budget: RelayBudget;
  readonly logger: Logger;
  readonly netnsDirectory: string;
  /** Host address of published ports that name none. '' stands for every address. */
  readonly hostAddress: string;
  /** Whether published ports obey the host's rules for input. */
  readonly throughInput: boolean;
  /** Makes a firewall table again that another program has removed. */
  readonly repairFirewall: () => Promise<void>;
}

/** The sandboxes of running containers. It decides synchronously; the kernel thread acts. */
export class Sandboxes {
  readonly #deps: SandboxesDeps;
  readonly #names: ContainerNames;
  readonly #attached = new Map<string, Attached>();
  /** Ids of the networks whose endpoints are being made, by container. */
  readonly #joining = new Map<string, readonly string[]>();
  /** Containers with a change under way. */
  readonly #changing = new Set<string>();

  constructor(deps: SandboxesDeps) {
    this.#deps = deps;
    this.#names = new ContainerNames(deps);
    // Whoever needs the server hears that it did not start.
    deps.nameServer.then(
      (server) => server.onReplaced(() => void this.#names.serveAgain()),
      () => {},
    );
  }

  get attached(): ReadonlyMap<string, Attached> {
    return this.#attached;
  }

  /** The attached containers whose sandbox is not being changed. */
  resting(): readonly Attached[] {
    return [...this.#attached].flatMap(([id, attached]) => (this.#changing.has(id) ? [] : attached));
  }

  /** As `Networks.attach`. */
  async attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox> {
    if (signal.aborted) throw cancelled();
    await this.detach(request.containerId);
    const { sandbox, ports } = await this.#attachRepaired(request).catch((error: unknown) => {
      throw setUpFailed(error);
    });
    if (signal.aborted) {
      await this.detach(request.containerId);
      throw cancelled();
    }
    ports.relay();
    return sandbox;
  }

  /** As `Networks.detach`. */
  async detach(containerId: string): Promise<void> {
    const attached = this.#attached.get(containerId);
    if (attached === undefined) return;
    this.#attached.delete(containerId);
    const { kernel, table, drivers, leases, logger, remoteEndpoints } = this.#deps;
    const { ports, sandbox } = attached;
    const removal = removalOf(this.#deps, sandbox, ports);
    const detached = kernel.request('detach', removal).catch((error) => {
      logger.warn({ containerId, error: messageOf(error) }, 'network of a container was not removed completely');
    });
    await Promise.all([detached, this.#names.drop(sandbox)]);
    // Other containers may get the ports and the address now. The next start of the daemon removes what a failed detach left.
    ports[Symbol.dispose]();
    const endpoints = endpointsOf(table, sandbox);
    await remoteEndpoints.leave(endpoints);
    for (const endpoint of endpoints) await releaseAddresses({ drivers, leases }, endpoint);
  }

  /** As `Networks.connect`. */
  async connect(request: SandboxRequest, network: string): Promise<Sandbox> {
    const { id } = this.#deps.table.require(network);
    using _joining = this.#join(request.containerId, [id]);
    return await this.#change(request.containerId, (attached) =>
      connectSandbox({ ...this.#deps, names: this.#names }, attached, request, network),
    );
  }

  /** As `Networks.disconnect`. */
  disconnect(request: SandboxRequest, network: string): Promise<Sandbox> {
    return this.#change(request.containerId, (attached) =>
      disconnectSandbox({ ...this.#deps, names: this.#names }, attached, request, network),
    );
  }

  /** Whether a container is about to be on a network. */
  isJoining(networkId: string): boolean {
    return [...this.#joining.values()].some((ids) => ids.includes(networkId));
  }

  /** As `Networks.rename`. */
  async rename(containerId: string, containerName: string): Promise<Sandbox | undefined> {
    const before = this.#attached.get(containerId);
    if (before === undefined) return undefined;
    const sandbox = renamed(before.sandbox, containerName);
    await this.#names.put(sandbox);
    this.#attached.set(containerId, { ...before, containerName, sandbox });
    return sandbox.names === undefined ? undefined : sandbox;
  }

  /** Takes over the sandboxes of running containers, and removes every other one of the engine from the kernel. */
  async restore(running: readonly SandboxState[], lost: readonly SandboxState[]): Promise<void> {
    for (const state of running) this.#adopt(state);
    const all = [...this.#attached.values()];
    await this.#deps.kernel.request('reconcile', {
      netnsPaths: all.map(({ sandbox }) => sandbox.netnsPath),
      hostLinks: hostLinkNames(all.flatMap(({ sandbox }) => linksOf(this.#deps, sandbox))),
      elements: all.flatMap(({ ports }) => ports.elements()),
    });
    await this.#names.restore(all.map(({ sandbox }) => sandbox));
    void this.#releaseUnused(lost);
  }

  /** Begins to relay the ports of restored containers. */
  relay(): void {
    for (const { ports } of this.#attached.values()) ports.relay();
  }

  /** Closes the sockets. Everything in the kernel stays. */
  close(): void {
    for (const { ports } of this.#attached.values()) ports[Symbol.dispose]();
    this.#attached.clear();
  }

  /**
   * Returns to plugins the endpoints and addresses that a crash has left. What is unused is decided at once: containers start while the
   * plugins answer. Never rejects.
   */
  async #releaseUnused(lost: readonly SandboxState[]): Promise<void> {
    const { leases, remoteEndpoints, table } = this.#deps;
    const endpoints = [...this.#attached.values()].flatMap(({ sandbox }) => endpointsOf(table, sandbox));
    const present = idsOf(endpoints);
    // Those of earlier releases have no record.
    const left = lost.flatMap((sandbox) => endpointsOf(table, sandbox));
    const unused = remoteEndpoints.unused(new Set([...present, ...idsOf(left)]));
    const loans = leases.unused(({ networkId, endpointId }) =>
      endpointId === '' ? table.byId(networkId) !== undefined : present.has(endpointId),
    );
    await remoteEndpoints.leave(left);
    await remoteEndpoints.remove(unused);
    await leases.release(loans);
  }

  async #attachRepaired(request: SandboxRequest): Promise<Attached> {
    try {
      return await this.#attachOnce(request);
    } catch (error) {
      if (!isFirewallGone(error)) throw error;
      await this.#deps.repairFirewall();
      return this.#attachOnce(request);
    }
  }

  async #attachOnce(request: SandboxRequest): Promise<Attached> {
    const sandboxId = newObjectId();
    await using undo = new AsyncDisposableStack();
    const netnsPath = join(this.#deps.netnsDirectory, sandboxId.slice(0, 12));
    const networks = wantedNetworks(this.#deps.table, request);
    for (const { record, asked } of networks) checkConfig(this.#deps.drivers, record, asked);
    using _joining = this.#join(
      request.containerId,
      networks.map(({ record }) => record.id),
    );
    const wanted = await wantEndpoints(this.#deps, networks, undo);
    const planned = connectEndpoints(this.#deps.drivers, request, wanted, undo);
    const endpoints = withDefaultRoutes(await this.#deps.remoteEndpoints.join(planned, netnsPath, undo));
    const ports = undo.use(reservePorts(this.#deps, request, endpoints));
    const sandbox: Sandbox = {
      netnsPath,
      sandboxId,
      endpoints: Object.fromEntries(endpoints.map(({ record, settings }) => [record.name, settings])),
      interfaces: Object.fromEntries(endpoints.map(({ record, link }) => [record.name, link?.name ?? ''])),
      ...sourcesOf(endpoints),
      ports: shownPorts(this.#deps, request, endpoints, ports),
      ...(endpoints.some(({ record }) => networkHasNames(record)) && { names: { servers: request.dns ?? [] } }),
    };
    const sockets = await this.#deps.kernel.request('attach', {
      netnsPath: sandbox.netnsPath,
      userNamespace: request.userNamespace,
      links: endpoints.flatMap(({ link }) => link ?? []),
      hasNames: sandbox.names !== undefined,
      sysctls: sysctlsOf(request, endpoints),
      elements: ports.elements(),
    });
    undo.defer(() => this.#deps.kernel.request('detach', removalOf(this.#deps, sandbox, ports)));
    undo.defer(() => this.#names.drop(sandbox));
    await this.#names.put(sandbox, sockets);

    undo.move();
    const attached = { containerName: request.containerName, sandbox, ports };
    this.#attached.set(request.containerId, attached);
    return attached;
  }

  /** The container's verbs hold its lock: nothing else changes its sandbox meanwhile. */
  async #change(containerId: string, change: (attached: Attached) => Promise<Attached>): Promise<Sandbox> {
    const before = this.#attached.get(containerId);
    if (before === undefined) throw failed(`container ${containerId} has no network sandbox`);
    this.#changing.add(containerId);
    let after: Attached;
    try {
      after = await change(before);
      this.#attached.set(containerId, after);
    } finally {
      this.#changing.delete(containerId);
    }
    if (after.ports !== before.ports) {
      before.ports[Symbol.dispose]();
      after.ports.relay();
    }
    return after.sandbox;
  }

  #join(containerId: string, networkIds: readonly string[]): Disposable {
    this.#joining.set(containerId, networkIds);
    return { [Symbol.dispose]: () => void this.#joining.delete(containerId) };
  }

  #adopt(state: SandboxState): void {
    if (this.#attached.has(state.containerId)) return;
    const { table, drivers, registry, logger } = this.#deps;
    const endpoints = endpointsOf(table, state);
    for (const { record, settings } of endpoints) drivers.find(record.driver)?.adopt(record, settings);
    const { ports, lost } = registry.adopt(publishedPorts(state.ports));
    if (lost.length > 0) {
      logger.warn(
        { containerId: state.containerId, ports: lost },
        'published ports were taken by another process meanwhile',
      );
    }
    const { containerId, containerName = containerId, ...sandbox } = state;
    this.#attached.set(containerId, {
      containerName,
      // A daemon that died in a rename has stored the new name alone.
      sandbox: renamed(sandbox, containerName),
      ports: new ContainerPorts(this.#deps, ports, portTarget(drivers, endpoints)),
    });
  }
}

function sysctlsOf(
  request: SandboxRequest,
  endpoints: readonly ConnectedEndpoint[],
): readonly (readonly [key: string, value: string])[] {
  return [
    ...Object.entries(request.sysctls).map(([name, value]) => [sysctlKey(name), value] as const),
    ...endpoints.flatMap(({ link, settings }) => (link === undefined ? [] : linkSysctls(settings, link.name))),
  ];
}

function removalOf(deps: SandboxesDeps, sandbox: Sandbox, ports: ContainerPorts): SandboxRemoval {
  return {
    netnsPath: sandbox.netnsPath,
    links: linksOf(deps, sandbox),
    elements: ports.elements(),
  };
}

function cancelled(): EngineError {
  return new EngineError('cancelled', 'cancelled while networks were set up');
}

/** Adds Docker's words to every failure of a start's network. */
function setUpFailed(error: unknown): EngineError {
  const kind = error instanceof EngineError ? error.kind : 'internal';
  return new EngineError(kind, `failed to set up container networking: ${messageOf(error)}`, { cause: error });
}

function idsOf(endpoints: readonly SandboxEndpoint[]): ReadonlySet<string> {
  return new Set(endpoints.map(({ settings }) => settings.EndpointID ?? ''));
}
