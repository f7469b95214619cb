import type { EndpointSettings, EventSink, Filters } from '../spec/index.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import { hostPlans } from './catalogue/host-plans.ts';
import type { PoolConfig } from './ipam/address-pools.ts';
import type { CreateNetwork, NetworkInspect, Networks, Sandbox, SandboxRequest, SandboxState } from './networks.ts';
import { parsePortBindings } from './ports/port-request.ts';
import { BridgeRepair } from './repair/bridge-repair.ts';
import { FirewallRepair } from './repair/firewall-repair.ts';
import { bridgePorts, containersOn, linkAgain, linksOf } from './sandboxes/attached.ts';
import { Sandboxes, type SandboxesDeps } from './sandboxes/sandboxes.ts';
import { checkConfig } from './sandboxes/want-endpoints.ts';

export interface EngineNetworksDeps extends Omit<SandboxesDeps, 'repairFirewall'> {
  readonly warnings: readonly string[];
  readonly events: EventSink;
  readonly pools: PoolConfig;
}

/** The networks of one engine: puts the catalogue, the sandboxes and the repairs together. */
export class EngineNetworks implements Networks {
  readonly #deps: EngineNetworksDeps;
  readonly #catalogue: Catalogue;
  readonly #sandboxes: Sandboxes;
  readonly #firewall: FirewallRepair;
  readonly #bridges: BridgeRepair;

  constructor(deps: EngineNetworksDeps) {
    const { kernel, logger, warnings } = deps;
    const attached = () => [...this.#sandboxes.attached.values()];
    const networks = () => hostPlans(deps);
    this.#deps = deps;
    this.#sandboxes = new Sandboxes({ ...deps, repairFirewall: () => this.#firewall.repair() });
    this.#catalogue = new Catalogue({
      ...deps,
      containersOn: (record) => containersOn(record, this.#sandboxes.attached),
      isJoining: (id) => this.#sandboxes.isJoining(id),
    });
    this.#bridges = new BridgeRepair({
      ...{ kernel, logger, networks },
      ports: () => bridgePorts(attached().flatMap(({ sandbox }) => linksOf(deps, sandbox))),
      linkAgain: (name) => this.#sandboxes.resting().flatMap(({ sandbox }) => linkAgain(deps, sandbox, name) ?? [])[0],
    });
    this.#firewall = new FirewallRepair({
      ...{ kernel, logger, networks, warnings },
      elements: () => attached().flatMap(({ ports }) => ports.elements()),
    });
  }

  get hostGateways(): readonly string[] {
    return (this.#deps.table.find('bridge')?.ipam.pools ?? []).flatMap(({ gateway }) => gateway ?? []);
  }

  warnings(): readonly string[] {
    return [...this.#firewall.warnings, ...this.#bridges.warnings];
  }

  list(filters: Filters = {}): Promise<readonly NetworkInspect[]> {
    return this.#catalogue.list(filters);
  }

  inspect(ref: string): NetworkInspect {
    return this.#catalogue.inspect(ref);
  }

  driverOf(id: string): string {
    return this.#deps.table.byId(id)?.driver ?? '';
  }

  create(request: CreateNetwork): Promise<{ readonly id: string }> {
    return this.#catalogue.create(request);
  }

  remove(ref: string): Promise<void> {
    return this.#catalogue.remove(ref);
  }

  prune(filters: Filters): Promise<readonly string[]> {
    return this.#catalogue.prune(filters);
  }

  async connect(request: SandboxRequest, network: string): Promise<Sandbox> {
    const sandbox = await this.#sandboxes.connect(request, network);
    this.#watchLimits(sandbox);
    return sandbox;
  }

  disconnect(request: SandboxRequest, network: string): Promise<Sandbox> {
    return this.#sandboxes.disconnect(request, network);
  }

  check(request: Pick<SandboxRequest, 'mode' | 'endpoints' | 'portBindings'>): void {
    parsePortBindings(request.portBindings);
    for (const [name, asked] of Object.entries(request.endpoints)) {
      const record = this.#deps.table.find(name);
      if (record !== undefined) checkConfig(this.#deps.drivers, record, asked);
    }
  }

  checkEndpoint(network: string, asked: EndpointSettings): void {
    const record = this.#deps.table.require(network);
    this.#deps.drivers.of(record).checkEndpoint(record, asked);
  }

  async attach(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox> {
    const sandbox = await this.#sandboxes.attach(request, signal);
    this.#firewall.checkSoon();
    this.#watchLimits(sandbox);
    return sandbox;
  }

  /** The check learns which links it must watch. */
  #watchLimits(sandbox: Sandbox): void {
    if (bridgePorts(linksOf(this.#deps, sandbox)).some(({ limits }) => limits !== undefined)) this.#bridges.checkSoon();
  }

  detach(containerId: string): Promise<void> {
    return this.#sandboxes.detach(containerId);
  }

  rename(containerId: string, containerName: string): Promise<Sandbox | undefined> {
    return this.#sandboxes.rename(containerId, containerName);
  }

  async restore(running: readonly SandboxState[], lost: readonly SandboxState[] = []): Promise<void> {
    await this.#sandboxes.restore(running, lost);
    await this.#bridges.check();
    this.#sandboxes.relay();
  }

  async close(): Promise<void> {
    this.#sandboxes.close();
    this.#firewall[Symbol.dispose]();
    this.#bridges[Symbol.dispose]();
    await this.#deps.kernel.close();
  }

  async tearDown(): Promise<void> {
    const { kernel, logger } = this.#deps;
    // Their own removal would look like damage.
    this.#firewall[Symbol.dispose]();
    this.#bridges[Symbol.dispose]();
    try {
      const { left } = await kernel.request('tearDown', { networks: hostPlans(this.#deps) });
      for (const { link, users } of left) logger.info({ link, users }, 'cannot remove an interface: others use it');
    } finally {
      await this.close();
    }
  }
}
