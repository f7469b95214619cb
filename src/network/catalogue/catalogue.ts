import type { Filters } from '../../spec/index.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { NetworkInspect } from '../networks.ts';
import { type AttachedContainers, inspectNetwork } from './inspect-network.ts';
import { checkPruneFilters, networkFilter } from './list-filters.ts';
import type { NetworkRecord } from './network-record.ts';
import type { NetworkTable } from './network-table.ts';

export interface CatalogueDeps {
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
  /** The containers with an endpoint on a network. */
  readonly containersOn: (record: NetworkRecord) => AttachedContainers;
}

/** The networks of the engine, as clients see them. */
export class Catalogue {
  readonly #deps: CatalogueDeps;

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

  prune(filters: Filters): readonly string[] {
    checkPruneFilters(filters);
    // All existing networks come with the engine.
    return [];
  }

  #inspect(record: NetworkRecord): NetworkInspect {
    const { drivers, containersOn } = this.#deps;
    return inspectNetwork(record, containersOn(record), drivers.find(record.driver)?.use(record) ?? {});
  }
}
