import { EngineError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Records } from '../../base/records.ts';
import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { RemoteEndpointRecord } from '../model/remote-endpoint.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { ConnectedEndpoint } from './connect-endpoints.ts';

export interface RemoteEndpointsDeps {
  readonly drivers: NetworkDrivers;
  readonly logger: Logger;
  /** By the id of the endpoint. */
  readonly records: Records<RemoteEndpointRecord>;
}

/** The endpoints that plugins make. Each has a record from before the request until the plugin has removed it. */
export class RemoteEndpoints {
  readonly #deps: RemoteEndpointsDeps;

  constructor(deps: RemoteEndpointsDeps) {
    this.#deps = deps;
  }

  /**
   * Lets plugins make the interfaces of their endpoints, one after the other. `undo` takes the endpoints back.
   * @throws EngineError as `RemoteNetwork.join`
   */
  async join(
    endpoints: readonly ConnectedEndpoint[],
    netnsPath: string,
    undo: AsyncDisposableStack,
  ): Promise<readonly ConnectedEndpoint[]> {
    const joined: ConnectedEndpoint[] = [];
    for (const endpoint of endpoints) joined.push(await this.#join(endpoint, netnsPath, undo));
    return joined;
  }

  /** Tells plugins that endpoints are gone. Never rejects. */
  async leave(endpoints: readonly SandboxEndpoint[]): Promise<void> {
    await Promise.all(
      endpoints.map(async ({ record: { id, driver }, settings: { EndpointID = '' } }) => {
        const remote = this.#deps.drivers.find(driver)?.remote;
        if (remote !== undefined) await this.#leave({ driver, networkId: id, endpointId: EndpointID });
      }),
    );
  }

  /** The endpoints that a crash has left. `known` are the ids of the others. */
  unused(known: ReadonlySet<string>): readonly RemoteEndpointRecord[] {
    return this.#deps.records.all().filter(({ endpointId }) => !known.has(endpointId));
  }

  /** Tells plugins that unused endpoints are gone. Never rejects. */
  async remove(unused: readonly RemoteEndpointRecord[]): Promise<void> {
    await Promise.all(unused.map((record) => this.#leave(record)));
  }

  async #join(endpoint: ConnectedEndpoint, netnsPath: string, undo: AsyncDisposableStack): Promise<ConnectedEndpoint> {
    const { drivers, records } = this.#deps;
    const { record, settings, name } = endpoint;
    const remote = drivers.find(record.driver)?.remote;
    if (remote === undefined) return endpoint;
    const { EndpointID: endpointId = '' } = settings;
    records.put(endpointId, { driver: record.driver, networkId: record.id, endpointId });
    try {
      const made = await remote.join(record, settings, { name, netnsPath });
      undo.defer(() => this.leave([endpoint]));
      return { ...endpoint, ...made };
    } catch (error) {
      // Nobody knows what a plugin did that has not answered.
      if (!isAway(error)) records.delete(endpointId);
      throw error;
    }
  }

  async #leave({ driver, networkId, endpointId }: RemoteEndpointRecord): Promise<void> {
    const { drivers, logger, records } = this.#deps;
    try {
      // A plugin without a network of the engine has removed its endpoints with the last one.
      await drivers.find(driver)?.remote?.leave({ id: networkId }, { EndpointID: endpointId });
    } catch (error) {
      logger.warn({ driver, endpointId, error: messageOf(error) }, 'a network plugin did not take an endpoint back');
      if (isAway(error)) return;
    }
    records.delete(endpointId);
  }
}

function isAway(error: unknown): boolean {
  return error instanceof EngineError && (error.kind === 'unavailable' || error.kind === 'notFound');
}
