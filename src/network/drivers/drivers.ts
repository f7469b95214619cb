import { EngineError } from '../../base/errors.ts';
import type { PluginHost } from '../../plugins/index.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkDriver } from './driver.ts';
import { RemoteDriver, remoteScope } from './remote-driver.ts';

/** The drivers of the engine, by the names that records and clients use, and those of plugins that networks use. */
export class NetworkDrivers {
  readonly #own: ReadonlyMap<string, NetworkDriver>;
  readonly #remote = new Map<string, NetworkDriver>();
  readonly #plugins: PluginHost;

  constructor(drivers: Readonly<Record<string, NetworkDriver>>, plugins: PluginHost) {
    this.#own = new Map(Object.entries(drivers));
    this.#plugins = plugins;
  }

  find(name: string): NetworkDriver | undefined {
    return this.#own.get(name) ?? this.#remote.get(name);
  }

  /** @throws EngineError notFound for a driver that the engine does not have */
  of({ driver }: Pick<NetworkRecord, 'driver'>): NetworkDriver {
    const found = this.find(driver);
    if (found === undefined) throw new EngineError('notFound', `could not find network driver ${driver}`);
    return found;
  }

  /** Drivers of stored networks that are not the engine's are those of plugins, which may be started later. */
  adopt(records: readonly NetworkRecord[]): void {
    for (const { driver } of records) if (!this.#own.has(driver)) this.#remoteOf(driver);
  }

  /**
   * Returns the scope of a driver's networks, and looks for a plugin of that name if the driver is not the engine's.
   * @throws EngineError as `PluginHost.get`
   */
  async load(name: string): Promise<NetworkRecord['scope']> {
    if (this.#own.has(name)) return 'local';
    const plugin = await this.#plugins.get(name, 'NetworkDriver');
    const scope = await remoteScope(plugin);
    this.#remoteOf(name);
    return scope;
  }

  #remoteOf(name: string): NetworkDriver {
    const driver = this.#remote.get(name) ?? new RemoteDriver(name, this.#plugins);
    this.#remote.set(name, driver);
    return driver;
  }
}
