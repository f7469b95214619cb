import { closeSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { Logger } from '../../base/logger.ts';
import type { NameSockets } from '../../spec/index.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { NetworkTable } from '../model/network-table.ts';
import type { Sandbox } from '../networks.ts';
import type { NameServer } from './name-server.ts';
import { sandboxNames } from './sandbox-names.ts';

export interface ContainerNamesDeps {
  readonly nameServer: Promise<NameServer>;
  readonly kernel: Pick<Kernel, 'request'>;
  readonly table: NetworkTable;
  readonly logger: Logger;
}

/** Gives the name server what it must know of sandboxes. A sandbox without `names` is not its business. */
export class ContainerNames {
  readonly #deps: ContainerNamesDeps;
  /** One request for a sandbox after the other, so that none brings former names back. */
  readonly #locks = new KeyedLock();
  /** The sandboxes as the server knows them. */
  readonly #latest = new Map<string, Sandbox>();

  constructor(deps: ContainerNamesDeps) {
    this.#deps = deps;
  }

  /**
   * Serves a new sandbox, or its names as they are now. Closes `sockets`. When this fails, the server has the former
   * names. @throws EngineError unavailable; failed
   */
  async put(sandbox: Sandbox, sockets?: NameSockets): Promise<void> {
    using _lock = await this.#locks.acquire(sandbox.sandboxId);
    await this.#putLocked(sandbox, sockets);
    if (sandbox.names !== undefined) this.#latest.set(sandbox.sandboxId, sandbox);
  }

  /** Forgets a sandbox. A failure is logged: the next start of the daemon drops what is left. */
  async drop({ sandboxId, names }: Sandbox): Promise<void> {
    if (names === undefined) return;
    using _lock = await this.#locks.acquire(sandboxId);
    this.#latest.delete(sandboxId);
    try {
      await (await this.#deps.nameServer).drop([sandboxId]);
    } catch (error) {
      this.#deps.logger.warn({ sandboxId, error: messageOf(error) }, 'names were not dropped');
    }
  }

  /** Serves the sandboxes of an earlier daemon, and drops every other one. Failures are logged. */
  async restore(sandboxes: readonly Sandbox[]): Promise<void> {
    const kept = sandboxes.filter(({ names }) => names !== undefined);
    for (const sandbox of kept) this.#latest.set(sandbox.sandboxId, sandbox);
    await this.serveAgain();
    try {
      const server = await this.#deps.nameServer;
      const others = (await server.served()).filter((id) => !this.#latest.has(id));
      if (others.length > 0) await server.drop(others);
    } catch (error) {
      this.#deps.logger.error({ error: messageOf(error) }, 'names of former containers were not dropped');
    }
  }

  /** Serves all sandboxes, as the server last knew them: another server may lack some. Failures are logged. */
  async serveAgain(): Promise<void> {
    await Promise.all([...this.#latest.keys()].map((sandboxId) => this.#serveAgain(sandboxId)));
  }

  async #serveAgain(sandboxId: string): Promise<void> {
    using _lock = await this.#locks.acquire(sandboxId);
    const sandbox = this.#latest.get(sandboxId);
    if (sandbox === undefined) return;
    try {
      await this.#putLocked(sandbox, undefined);
    } catch (error) {
      this.#deps.logger.warn({ sandboxId, error: messageOf(error) }, 'names of a container are not served');
    }
  }

  /** Opens new sockets when nobody has those of the sandbox any more. */
  async #putLocked(sandbox: Sandbox, sockets: NameSockets | undefined): Promise<void> {
    try {
      await this.#send(sandbox, sockets);
    } catch (error) {
      if (sockets !== undefined || !(error instanceof EngineError) || error.kind !== 'notFound') throw error;
      const { netnsPath } = sandbox;
      await this.#send(sandbox, await this.#deps.kernel.request('openNames', { netnsPath }));
    }
  }

  async #send(sandbox: Sandbox, sockets: NameSockets | undefined): Promise<void> {
    try {
      const names = sandboxNames(this.#deps.table, sandbox);
      if (names !== undefined) await (await this.#deps.nameServer).put(names, sockets);
    } finally {
      if (sockets !== undefined) for (const fd of [sockets.udp, sockets.tcp]) closeSync(fd);
    }
  }
}
