import { EngineError } from '../../base/errors.ts';
import { NAMES_SINCE, type NameSockets, type SandboxNames } from '../../spec/index.ts';
import { RefusedError } from './control-connection.ts';
import type { SupervisorClient } from './supervisor-client.ts';

/** The supervisor's name server, as the networks need it (`network/names/name-server.ts`). */
export class SupervisedNames {
  readonly #client: SupervisorClient;

  constructor(client: SupervisorClient) {
    this.#client = client;
  }

  /** @throws EngineError notFound when it needs sockets, unavailable, failed */
  async put(names: SandboxNames, sockets?: NameSockets): Promise<void> {
    await this.#request({ op: 'names-put', names, ...(sockets !== undefined && { sockets }) });
  }

  /** @throws EngineError as `put` */
  async drop(sandboxIds: readonly string[]): Promise<void> {
    await this.#request({ op: 'names-drop', sandboxIds });
  }

  /** @throws EngineError as `put` */
  async served(): Promise<readonly string[]> {
    // A supervisor that an older engine left has no name server.
    if ((await this.#client.version()) < NAMES_SINCE) return [];
    return (await this.#request({ op: 'names-served' })) as readonly string[];
  }

  onReplaced(listener: () => void): void {
    this.#client.onReplaced(listener);
  }

  async #request(body: Parameters<SupervisorClient['repeat']>[0]): Promise<unknown> {
    if ((await this.#client.version()) < NAMES_SINCE) {
      throw new EngineError(
        'unavailable',
        'the supervisor of an earlier release serves no names: stop all containers, then start them again',
      );
    }
    try {
      return await this.#client.repeat(body);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new EngineError(error.code === 'noSockets' ? 'notFound' : 'failed', error.message, { cause: error });
    }
  }
}
