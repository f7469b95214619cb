import { EngineError, failed, messageOf } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { PluginHost } from '../../plugins/index.ts';
import { IpamPlugin, type LentAddress, type LentPool, type PoolWish } from './ipam-plugin.ts';
import type { Lease } from './lease.ts';

export interface LeasesDeps {
  readonly plugins: PluginHost;
  readonly records: Records<Lease>;
  readonly logger: Logger;
}

/** Who borrows: a network, or one of its endpoints (`endpointId` not ''). */
export type Borrower = Pick<Lease, 'driver' | 'networkId' | 'endpointId'>;

export interface AddressWish {
  readonly poolId: string;
  /** '' for any. */
  readonly address: string;
  /** What the plugin learns about the use of the address. */
  readonly options: Readonly<Record<string, string>> | null;
}

/**
 * The pools and addresses that IPAM plugins lend. Each is stored with the answer of its plugin, and until the plugin has
 * it back: at a start `unused` finds what a crash has left. What a plugin cannot take back, because it is down,
 * is offered to it again before its next loan.
 */
export class Leases {
  readonly #deps: LeasesDeps;
  readonly #loaded = new Map<string, { readonly needsHardwareAddress: boolean }>();
  /** Ids of leases that nobody uses, and whose plugin could not be reached. */
  readonly #owed = new Set<string>();
  /** Ids of leases whose plugin is being told. */
  readonly #returning = new Set<string>();

  constructor(deps: LeasesDeps) {
    this.#deps = deps;
  }

  /** Whether the plugin was found. */
  knows(driver: string): boolean {
    return this.#loaded.has(driver);
  }

  /** Finds a plugin, and returns what it needs. @throws EngineError as `PluginHost.get` */
  async load(driver: string): Promise<{ readonly needsHardwareAddress: boolean }> {
    const known = this.#loaded.get(driver);
    if (known !== undefined) return known;
    const loaded = { needsHardwareAddress: await this.#plugin(driver).needsHardwareAddress() };
    this.#loaded.set(driver, loaded);
    return loaded;
  }

  /** @throws EngineError as `IpamPlugin.requestPool` */
  async borrowPool(borrower: Borrower, wish: PoolWish): Promise<LentPool> {
    await this.#repay(borrower.driver);
    const pool = await this.#plugin(borrower.driver).requestPool(wish);
    this.keep(borrower, pool.poolId, '');
    return pool;
  }

  /** @throws EngineError as `IpamPlugin.requestAddress` */
  async borrowAddress(borrower: Borrower, { poolId, address, options }: AddressWish): Promise<LentAddress> {
    await this.#repay(borrower.driver);
    const lent = await this.#plugin(borrower.driver).requestAddress(poolId, address, options);
    this.keep(borrower, poolId, lent.address);
    if (address === '' || address === lent.address) return lent;
    throw failed(`the plugin lends the address ${lent.address} instead of ${address}`);
  }

  /** Notes what a plugin has lent. `address` is '' for the pool. */
  keep(borrower: Borrower, poolId: string, address: string): void {
    const id = newObjectId();
    this.#deps.records.put(id, { id, ...borrower, poolId, address });
  }

  /** Returns the addresses of an endpoint. Never rejects. */
  async releaseEndpoint(endpointId: string): Promise<void> {
    await this.#releaseAll((lease) => lease.endpointId === endpointId);
  }

  /** Returns the pools of a network with all their addresses. Never rejects. */
  async releaseNetwork(networkId: string): Promise<void> {
    await this.#releaseAll((lease) => lease.networkId === networkId);
  }

  /** The leases of networks and endpoints that do not exist. */
  unused(isUsed: (borrower: Borrower) => boolean): readonly Lease[] {
    return this.#deps.records.all().filter((lease) => !isUsed(lease));
  }

  /** Returns leases to their plugins, each pool after its addresses. Never rejects. */
  async release(leases: readonly Lease[]): Promise<void> {
    for (const lease of leases.toSorted(addressesFirst)) await this.#release(lease);
  }

  #releaseAll(isMeant: (lease: Lease) => boolean): Promise<void> {
    return this.release(this.#deps.records.all().filter(isMeant));
  }

  async #release(lease: Lease): Promise<void> {
    const { logger, records } = this.#deps;
    const { id, driver, poolId, address } = lease;
    // Told twice, a plugin could release an address that it has lent again meanwhile.
    if (this.#returning.has(id) || records.get(id) === undefined) return;
    this.#returning.add(id);
    try {
      await this.#plugin(driver).release(poolId, address);
    } catch (error) {
      const isAway = error instanceof EngineError && (error.kind === 'unavailable' || error.kind === 'notFound');
      logger.warn({ driver, poolId, address, error: messageOf(error) }, 'an IPAM plugin did not take a loan back');
      if (isAway) {
        this.#owed.add(id);
        return;
      }
    } finally {
      this.#returning.delete(id);
    }
    this.#owed.delete(id);
    records.delete(id);
  }

  async #repay(driver: string): Promise<void> {
    if (this.#owed.size > 0) await this.#releaseAll((lease) => lease.driver === driver && this.#owed.has(lease.id));
  }

  #plugin(driver: string): IpamPlugin {
    return new IpamPlugin(this.#deps.plugins, driver);
  }
}

function addressesFirst(one: Lease, other: Lease): number {
  const rank = ({ poolId, address }: Lease): string => `${poolId} ${address === '' ? 1 : 0}`;
  return rank(one) < rank(other) ? -1 : rank(one) === rank(other) ? 0 : 1;
}
