import { EngineError } from '../../base/errors.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkDriver } from './driver.ts';

/** The drivers of the engine, by the names that records and clients use. */
export class NetworkDrivers {
  readonly #byName: ReadonlyMap<string, NetworkDriver>;

  constructor(drivers: Readonly<Record<string, NetworkDriver>>) {
    this.#byName = new Map(Object.entries(drivers));
  }

  find(name: string): NetworkDriver | undefined {
    return this.#byName.get(name);
  }

  /** @throws EngineError notFound for a driver that the engine does not have */
  of({ driver }: Pick<NetworkRecord, 'driver'>): NetworkDriver {
    const found = this.find(driver);
    if (found === undefined) throw new EngineError('notFound', `could not find network driver ${driver}`);
    return found;
  }
}
