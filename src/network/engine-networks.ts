import { join } from 'node:path';
import { EngineError, messageOf } from '../base/errors.ts';
import { newObjectId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import type { EndpointSettings, Filters } from '../spec/index.ts';
import { type Attached, bridgePorts, containersOn, endpointsOf } from './attached.ts';
import { BridgeRepair } from './bridge-repair.ts';
import { defaultGatewayNetwork } from './default-gateway.ts';
import { type BridgeDriver, bridgeName, checkEndpoint } from './drivers/bridge-driver.ts';
import type { NetworkDriver } from './drivers/driver.ts';
import { nullDriver } from './drivers/null-driver.ts';
import { FirewallRepair, isFirewallGone } from './firewall/firewall-repair.ts';
import { hostLinkName, hostLinksOf } from './host-link.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { LinkPlan } from './kernel/protocol.ts';
import { checkPruneFilters, networkFilter } from './list-filters.ts';
import { inspectNetwork, type NetworkRecord } from './network-record.ts';
import { NetworkTable } from './network-table.ts';
import type { NetworkInspect, Networks, Sandbox, SandboxRequest, SandboxState, SubnetStatus } from './networks.ts';
import { ContainerPorts } from './ports/container-ports.ts';
import { endpointFailed } from './ports/port-errors.ts';
import type { PortRegistry } from './ports/port-registry.ts';
import { parsePortBindings } from './ports/port-request.ts';
import { publishedPorts } from './ports/published-ports.ts';
import type { RelayBudget } from './ports/relay-budget.ts';
import { portMap, wantedPorts } from './ports/wanted-ports.ts';
import { linkSysctls, sysctlKey } from './sysctl-key.ts';
import { wantedNetworks } from './wanted-networks.ts';

export interface EngineNetworksDeps {
  readonly kernel: Kernel;
  readonly records: Records<NetworkRecord>;
  readonly bridges: BridgeDriver;
  readonly registry: PortRegistry;
  readonly budget: RelayBudget;
  readonly logger: Logger;
  readonly netnsDirectory: string;
  /** Host address of published ports that name none. '' stands for every address. */
  readonly hostAddress: string;
  readonly warnings: readonly string[];
}

interface ConnectedEndpoint {
  readonly record: NetworkRecord;
  readonly settings: EndpointSettings;
  readonly link: LinkPlan | undefined;
}

/** The networks of one engine. It decides synchronously; the kernel thread acts. */
export class EngineNetworks implements Networks {
  readonly #deps: EngineNetworksDeps;
  readonly #table: NetworkTable;
  readonly #firewall: FirewallRepair;
  readonly #bridges: BridgeRepair;
  readonly #attached = new Map<string, Attached>();

  constructor(deps: EngineNetworksDeps) {
    this.#deps = deps;
    this.#table = new NetworkTable(deps.records);
    const bridges = () => this.#table.all().flatMap((record) => driverOf(deps, record).hostPlan(record) ?? []);
    this.#bridges = new BridgeRepair({
      kernel: deps.kernel,
      logger: deps.logger,
      bridges,
      ports: () => bridgePorts(this.#table, this.#attached.values()),
    });
    this.#firewall = new FirewallRepair({
      kernel: deps.kernel,
      logger: deps.logger,
      warnings: deps.warnings,
      bridges,
      elements: () => [...this.#attached.values()].flatMap(({ ports }) => ports.elements()),
    });
  }

  get hostGateway(): string | undefined {
    return this.#table.find('bridge')?.gateway;
  }

  warnings(): readonly string[] {
    return [...this.#firewall.warnings, ...this.#bridges.warnings];
  }

  async list(filters: Filters = {}): Promise<readonly NetworkInspect[]> {
    const inUse = (record: NetworkRecord): boolean => Object.keys(containersOn(record, this.#attached)).length > 0;
    const passes = await networkFilter(filters, inUse);
    return this.#table
      .all()
      .filter(passes)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map((record) => inspectNetwork(record, containersOn(record, this.#attached), this.#statusOf(record)));
  }

  inspect(ref: string): NetworkInspect {
    const record = this.#table.require(ref);
    return inspectNetwork(record, containersOn(record, this.#attached), this.#statusOf(record));
  }

  #statusOf(record: NetworkRecord): SubnetStatus | undefined {
    return driverOf(this.#deps, record).status(record);
  }

  prune(filters: Filters): readonly string[] {
    checkPruneFilters(filters);
    // All existing networks come with the engine.
    return [];
  }

  check(request: Pick<SandboxRequest, 'mode' | 'endpoints' | 'portBindings'>): void {
    parsePortBindings(request.portBindings);
    for (const [name, settings] of Object.entries(request.endpoints)) {
      const record = this.#table.find(name);
      if (record !== undefined) checkEndpoint(record, settings);
    }
  }

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
    this.#firewall.checkSoon();
    return sandbox;
  }

  async #attachRepaired(request: SandboxRequest): Promise<Attached> {
    try {
      return await this.#attachOnce(request);
    } catch (error) {
      if (!isFirewallGone(error)) throw error;
      await this.#firewall.repair();
      return this.#attachOnce(request);
    }
  }

  async #attachOnce(request: SandboxRequest): Promise<Attached> {
    const sandboxId = newObjectId();
    await using undo = new AsyncDisposableStack();

    const endpoints = this.#connect(request, undo);
    const sysctls = [
      ...Object.entries(request.sysctls).map(([name, value]) => [sysctlKey(name), value] as const),
      ...endpoints.flatMap(({ link, settings }) => (link === undefined ? [] : linkSysctls(settings, link.name))),
    ];
    const ports = undo.use(this.#reservePorts(request, endpoints));
    const sandbox: Sandbox = {
      netnsPath: join(this.#deps.netnsDirectory, sandboxId.slice(0, 12)),
      sandboxId,
      endpoints: Object.fromEntries(endpoints.map(({ record, settings }) => [record.name, settings])),
      ports: portMap(request, ports.map()),
    };
    const links = endpoints.flatMap(({ link }) => link ?? []);
    await this.#deps.kernel.request('attach', {
      netnsPath: sandbox.netnsPath,
      links,
      sysctls,
      elements: ports.elements(),
    });

    undo.move();
    const attached = { containerName: request.containerName, sandbox, ports };
    this.#attached.set(request.containerId, attached);
    return attached;
  }

  async detach(containerId: string): Promise<void> {
    const attached = this.#attached.get(containerId);
    if (attached === undefined) return;
    this.#attached.delete(containerId);
    const { ports, sandbox } = attached;
    try {
      const hostLinks = hostLinksOf(sandbox);
      await this.#deps.kernel.request('detach', {
        netnsPath: sandbox.netnsPath,
        hostLinks,
        elements: ports.elements(),
      });
    } catch (error) {
      this.#deps.logger.warn(
        { containerId, error: messageOf(error) },
        'network of a container was not removed completely',
      );
    }
    // Other containers may get the ports and the address now. The next start of the daemon removes what a failed detach left.
    ports[Symbol.dispose]();
    for (const { record, settings } of endpointsOf(this.#table, sandbox))
      driverOf(this.#deps, record).disconnect(record, settings);
  }

  rename(containerId: string, containerName: string): void {
    const attached = this.#attached.get(containerId);
    if (attached !== undefined) attached.containerName = containerName;
  }

  async restore(running: readonly SandboxState[]): Promise<void> {
    for (const state of running) this.#adopt(state);
    const all = [...this.#attached.values()];
    await this.#deps.kernel.request('reconcile', {
      netnsPaths: all.map(({ sandbox }) => sandbox.netnsPath),
      hostLinks: all.flatMap(({ sandbox }) => hostLinksOf(sandbox)),
      elements: all.flatMap(({ ports }) => ports.elements()),
    });
    await this.#bridges.check();
    for (const { ports } of all) ports.relay();
  }

  async close(): Promise<void> {
    for (const { ports } of this.#attached.values()) ports[Symbol.dispose]();
    this.#attached.clear();
    this.#firewall[Symbol.dispose]();
    this.#bridges[Symbol.dispose]();
    await this.#deps.kernel.close();
  }

  async tearDown(): Promise<void> {
    const bridges = this.#table.all().filter(({ driver }) => driver === 'bridge');
    this.#bridges[Symbol.dispose]();
    try {
      const { left } = await this.#deps.kernel.request('tearDown', { bridges: bridges.map(bridgeName) });
      for (const { bridge, users } of left)
        this.#deps.logger.info({ bridge, users }, 'the bridge is not removed: others use it');
    } finally {
      await this.close();
    }
  }

  #connect(request: SandboxRequest, undo: AsyncDisposableStack): readonly ConnectedEndpoint[] {
    const connected: ConnectedEndpoint[] = [];
    const wanted = wantedNetworks(this.#table, request);
    const out = defaultGatewayNetwork(wanted)?.record;
    for (const [at, { record, asked }] of wanted.entries()) {
      checkEndpoint(record, asked);
      const endpointId = newObjectId();
      const driver = driverOf(this.#deps, record);
      const { settings, link } = driver.connect(record, asked, {
        hostName: hostLinkName(endpointId),
        name: `eth${at}`,
      });
      undo.defer(() => driver.disconnect(record, settings));
      connected.push({
        record,
        settings: { ...settings, NetworkID: record.id, EndpointID: endpointId },
        link: link && (record === out ? link : { ...link, gateway: '' }),
      });
    }
    return connected;
  }

  #reservePorts(request: SandboxRequest, endpoints: readonly ConnectedEndpoint[]): ContainerPorts {
    // Replies leave by the default gateway.
    const endpoint = endpoints.find(({ link }) => link !== undefined && link.gateway !== '');
    const { registry, hostAddress } = this.#deps;
    const target = endpoint?.settings.IPAddress ?? '';
    // Without a network of its own a container cannot publish ports. Docker ignores such requests.
    if (endpoint === undefined) return new ContainerPorts(this.#deps, [], target);
    const requests = wantedPorts(request, hostAddress);
    try {
      return new ContainerPorts(this.#deps, registry.reserve(requests, target), target);
    } catch (error) {
      throw endpointFailed(request.containerName, endpoint.settings.EndpointID ?? '', error);
    }
  }

  #adopt(state: SandboxState): void {
    if (this.#attached.has(state.containerId)) return;
    const endpoints = endpointsOf(this.#table, state);
    for (const { record, settings } of endpoints) driverOf(this.#deps, record).adopt(record, settings);
    const target = endpoints.find(({ settings }) => (settings.IPAddress ?? '') !== '')?.settings.IPAddress ?? '';
    const { registry, logger } = this.#deps;
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
      sandbox,
      ports: new ContainerPorts(this.#deps, ports, target),
    });
  }
}

function driverOf({ bridges }: EngineNetworksDeps, { driver }: NetworkRecord): NetworkDriver {
  return driver === 'bridge' ? bridges : nullDriver;
}

function cancelled(): EngineError {
  return new EngineError('cancelled', 'cancelled while networks were set up');
}

/** Adds Docker's words to every failure of a start's network. */
function setUpFailed(error: unknown): EngineError {
  const kind = error instanceof EngineError ? error.kind : 'internal';
  return new EngineError(kind, `failed to set up container networking: ${messageOf(error)}`, { cause: error });
}
