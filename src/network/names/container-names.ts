import { closeSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { NameSockets } from '../../spec/index.ts';
import type { NetworkTable } from '../catalogue/network-table.ts';
import type { Kernel } from '../kernel/kernel.ts';
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

  constructor(deps: ContainerNamesDeps) {
    this.#deps = deps;
  }

  /** Serves a new sandbox, or its names as they are now. Closes `sockets`. @throws EngineError as `NameServer.put` */
  async put(sandbox: Sandbox, sockets?: NameSockets): Promise<void> {
    try {
      const names = sandboxNames(this.#deps.table, sandbox);
      if (names !== undefined) await (await this.#deps.nameServer).put(names, sockets);
    } finally {
      if (sockets !== undefined) for (const fd of [sockets.udp, sockets.tcp]) closeSync(fd);
    }
  }

  /** Forgets a sandbox. A failure is logged: the next start of the daemon drops what is left. */
  async drop(sandbox: Sandbox): Promise<void> {
    if (sandbox.names === undefined) return;
    try {
      await (await this.#deps.nameServer).drop([sandbox.sandboxId]);
    } catch (error) {
      this.#deps.logger.warn({ sandboxId: sandbox.sandboxId, error: messageOf(error) }, 'names were not dropped');
    }
  }

  /** Serves all sandboxes, those without sockets with new ones. Failures are logged. */
  async serveAll(sandboxes: readonly Sandbox[]): Promise<void> {
    const withNames = sandboxes.filter(({ names }) => names !== undefined);
    if (withNames.length === 0) return;
    const served = new Set(await (await this.#deps.nameServer).served());
    await Promise.all(withNames.map((sandbox) => this.#serve(sandbox, served.has(sandbox.sandboxId))));
  }

  /** Drops every sandbox but these. */
  async dropOthers(sandboxes: readonly Sandbox[]): Promise<void> {
    const server = await this.#deps.nameServer;
    const kept = new Set(sandboxes.map(({ sandboxId }) => sandboxId));
    const others = (await server.served()).filter((id) => !kept.has(id));
    if (others.length > 0) await server.drop(others);
  }

  async #serve(sandbox: Sandbox, hasSockets: boolean): Promise<void> {
    const { sandboxId, netnsPath } = sandbox;
    try {
      await this.put(sandbox, hasSockets ? undefined : await this.#deps.kernel.request('openNames', { netnsPath }));
    } catch (error) {
      this.#deps.logger.warn({ sandboxId, error: messageOf(error) }, 'names of a container are not served');
    }
  }
}
