import { EngineError, messageOf } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { Logger } from '../../base/logger.ts';
import type { EventSink, Filters } from '../../spec/index.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import { parseAddress } from '../ipam/address.ts';
import type { PoolConfig } from '../ipam/address-pools.ts';
import { subnetOf } from '../ipam/subnet.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Leases } from '../leases/leases.ts';
import { isOwnIpam, type NetworkRecord } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import type { CreateNetwork, NetworkInspect } from '../networks.ts';
import { type AttachedContainers, inspectNetwork } from './inspect-network.ts';
import { networkFilter, pruneFilter } from './list-filters.ts';
import { planNetwork } from './plan-network.ts';

export interface CatalogueDeps {
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
  readonly leases: Leases;
  readonly kernel: Pick<Kernel, 'request'>;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly pools: PoolConfig;
  /** The containers with an endpoint on a network. */
  readonly containersOn: (record: NetworkRecord) => AttachedContainers;
  /** Whether a container is about to have an endpoint on a network. */
  readonly isJoining: (networkId: string) => boolean;
}

/** The networks of the engine, as clients see them. */
export class Catalogue {
  readonly #deps: CatalogueDeps;
  /** Creates and removals are done one by one: they depend on all other networks. */
  readonly #lock = new KeyedLock();
  /** Ids of networks that a plugin is making. */
  readonly #making = new Set<string>();

  constructor(deps: CatalogueDeps) {
    this.#deps = deps;
  }

  async list(filters: Filters = {}): Promise<readonly NetworkInspect[]> {
    const { table, containersOn } = this.#deps;
    const inUse = (record: NetworkRecord): boolean => Object.keys(containersOn(record)).length > 0;
    const passes = await networkFilter(filters, inUse);
    return table
      .all()
      .filter(passes)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map((record) => this.#inspect(record));
  }

  /** @throws EngineError notFound `network x not found` */
  inspect(ref: string): NetworkInspect {
    return this.#inspect(this.#deps.table.require(ref));
  }

  /**
   * The record is stored first: after a crash the next start makes the rest of the network. @throws EngineError as
   * `Networks.create`
   */
  async create(request: CreateNetwork): Promise<{ readonly id: string }> {
    const { table, drivers, events, leases } = this.#deps;
    const scope = await this.#scopeOf(request);
    await this.#findIpam(request);
    const record = await this.#add(request, scope);
    const remote = record.configOnly ? undefined : drivers.of(record).remote;
    if (remote !== undefined) {
      this.#making.add(record.id);
      try {
        await remote.createNetwork(record);
      } catch (error) {
        table.delete(record.id);
        drivers.of(record).forget(record);
        await leases.releaseNetwork(record.id);
        throw error;
      } finally {
        this.#making.delete(record.id);
      }
    }
    events.emit('network', 'create', record.id, { name: record.name, type: record.driver });
    return { id: record.id };
  }

  /** The scope of a plugin's networks. A missing plugin is an error of the plan. */
  async #scopeOf({ driver = '', configOnly }: CreateNetwork): Promise<NetworkRecord['scope']> {
    if (driver === '' || configOnly === true) return 'local';
    try {
      return await this.#deps.drivers.load(driver);
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'notFound') return 'local';
      throw error;
    }
  }

  /** Other networks need not wait for a plugin that is starting. One that is missing is an error of the plan. */
  async #findIpam({ ipam, configFrom = '', configOnly }: CreateNetwork): Promise<void> {
    if (configOnly === true) return;
    const { leases, table } = this.#deps;
    const from = configFrom === '' ? undefined : table.find(configFrom)?.ipam.driver;
    const driver = from ?? (ipam?.driver || 'default');
    if (isOwnIpam(driver)) return;
    try {
      await leases.load(driver);
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === 'notFound')) throw error;
    }
  }

  async #add(request: CreateNetwork, scope: NetworkRecord['scope']): Promise<NetworkRecord> {
    using _lock = await this.#lock.acquire('');
    const { kernel, table, drivers, leases, pools } = this.#deps;
    const id = newObjectId();
    await using undo = new AsyncDisposableStack();
    undo.defer(() => leases.releaseNetwork(id));
    const { routes } = await kernel.request('survey', { bridge: '' });
    const reached = routes.map(({ destination, prefixLength }) => subnetOf(parseAddress(destination), prefixLength));
    const record = await planNetwork(this.#deps, { id, request, scope }, { ...pools, routes: reached });
    const plan = record.configOnly ? undefined : drivers.of(record).hostPlan(record);
    table.put(record);
    try {
      if (plan !== undefined) await kernel.request('addNetwork', plan);
      undo.move();
      return record;
    } catch (error) {
      table.delete(record.id);
      throw error;
    }
  }

  /** @throws EngineError as `Networks.remove` */
  async remove(ref: string): Promise<void> {
    using _lock = await this.#lock.acquire('');
    const record = this.#deps.table.require(ref);
    if (record.builtIn) {
      throw new EngineError('forbidden', `${record.name} is a pre-defined network and cannot be removed`);
    }
    const problem = this.#use(record);
    if (problem !== undefined) throw new EngineError('forbidden', `error while removing network: ${problem}`);
    await this.#remove(record);
  }

  async prune(filters: Filters): Promise<readonly string[]> {
    using _lock = await this.#lock.acquire('');
    const passes = pruneFilter(filters);
    const removed: string[] = [];
    for (const record of this.#deps.table.all()) {
      if (record.builtIn || !passes(record) || this.#use(record) !== undefined) continue;
      await this.#remove(record);
      removed.push(record.name);
    }
    this.#deps.events.emit('network', 'prune', '', { reclaimed: '0' });
    return removed;
  }

  /** The record is deleted first, so that no container joins meanwhile. The next start removes what a crash leaves. */
  async #remove(record: NetworkRecord): Promise<void> {
    const { kernel, table, drivers, events, leases, logger } = this.#deps;
    const driver = record.configOnly ? undefined : drivers.find(record.driver);
    const plan = driver?.hostPlan(record);
    try {
      await driver?.remote?.deleteNetwork(record);
    } catch (error) {
      // As on Docker: a network must be removable when its plugin is gone for good.
      logger.warn({ network: record.name, error: messageOf(error) }, 'a network plugin did not remove a network');
    }
    table.delete(record.id);
    driver?.forget(record);
    await leases.releaseNetwork(record.id);
    events.emit('network', 'destroy', record.id, { name: record.name, type: record.driver });
    if (plan === undefined) return;
    try {
      const { left } = await kernel.request('removeNetwork', plan);
      for (const { link, users } of left) logger.info({ link, users }, 'cannot remove an interface: others use it');
    } catch (error) {
      logger.warn({ network: record.name, error: messageOf(error) }, 'a network was not removed completely');
    }
  }

  /** What uses a network, for users to read. Undefined for nothing. */
  #use(record: NetworkRecord): string | undefined {
    const { table, containersOn, isJoining } = this.#deps;
    if (record.configOnly) {
      const isUsed = table.all().some(({ configFrom }) => configFrom === record.name);
      return isUsed ? `configuration network "${record.name}" is in use` : undefined;
    }
    const endpoints = Object.values(containersOn(record)).map(
      ({ Name, EndpointID }) => `name:${JSON.stringify(Name)} id:${JSON.stringify(EndpointID.slice(0, 12))}`,
    );
    if (endpoints.length > 0) return `network ${record.name} has active endpoints (${endpoints.join(', ')})`;
    return isJoining(record.id) || this.#making.has(record.id)
      ? `network ${record.name} has active endpoints`
      : undefined;
  }

  #inspect(record: NetworkRecord): NetworkInspect {
    const { drivers, containersOn } = this.#deps;
    return inspectNetwork(record, containersOn(record), drivers.find(record.driver)?.use(record) ?? {});
  }
}
