import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { openPidfd, takeDescriptor } from '../../linux/index.ts';
import { type NameSockets, nameServerSocket, type SandboxNames } from '../../spec/index.ts';
import { Failure } from '../failure.ts';
import { NamesConnection } from './names-connection.ts';
import { type NamesProcess, type StartNameServerDeps, startNameServer } from './start-name-server.ts';

/** How long a started server may take until it listens. */
const START_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 5;
/** Delay after a server that ended before it listened. */
const PAUSE_MILLISECONDS = 250;
/** A server without sandboxes ends after this time: it needs some 15 MB. */
const IDLE_MILLISECONDS = 10_000;
const END_MILLISECONDS = 1000;

export interface NameServerDeps extends StartNameServerDeps {
  readonly log: Logger;
}

/** Descriptors of another process. */
export type ForeignSockets = NameSockets & { readonly pid: number };

interface Held {
  names: SandboxNames;
  /** This process's duplicates. */
  sockets: NameSockets;
  /** Whether the connected server has them too. */
  isServed: boolean;
}

/**
 * The engine's name server, a process of its own. This side holds its sockets and the names of every sandbox, starts
 * the server with the first sandbox, and starts it again when it dies. Queries wait in the sockets meanwhile.
 */
export class NameServer {
  readonly #deps: NameServerDeps;
  readonly #held = new Map<string, Held>();
  #connection: Promise<NamesConnection> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(deps: NameServerDeps) {
    this.#deps = deps;
  }

  /** Takes over the server of a predecessor, with its sandboxes. Without one it does nothing. */
  async adopt(): Promise<void> {
    try {
      const connection = await this.#open();
      for (const { names, sockets } of connection.hello.sandboxes) {
        const own = duplicate({ pid: connection.hello.pid, ...sockets });
        this.#held.set(names.sandboxId, { names, sockets: own, isServed: true });
      }
      this.#connection = Promise.resolve(connection);
      this.#endWhenIdle();
    } catch (error) {
      if (!isAbsent(error)) this.#deps.log.warn({ error: messageOf(error) }, 'the name server was not taken over');
    }
  }

  served(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** @throws Failure `invalid` without sockets for a sandbox that has none, `system` */
  async put(names: SandboxNames, sockets: ForeignSockets | undefined): Promise<void> {
    const { sandboxId } = names;
    const before = this.#held.get(sandboxId);
    if (sockets !== undefined) {
      this.#held.set(sandboxId, { names, sockets: duplicate(sockets), isServed: false });
      if (before !== undefined) closeBoth(before.sockets);
    } else if (before !== undefined) before.names = names;
    else throw new Failure('invalid', `the name server has no sockets of sandbox ${sandboxId}`);
    clearTimeout(this.#idle);
    // The next server gets all that is held before it is connected.
    await this.#retried((connection) => this.#give(connection, sandboxId));
  }

  async drop(sandboxIds: readonly string[]): Promise<void> {
    const known = sandboxIds.filter((id) => this.#held.has(id));
    for (const id of known) {
      const held = this.#held.get(id);
      this.#held.delete(id);
      if (held !== undefined) closeBoth(held.sockets);
    }
    this.#endWhenIdle();
    if (known.length > 0) await this.#retried((connection) => connection.request({ op: 'drop', sandboxIds: known }));
  }

  /** Ends the server. Waits for its end, but not for ever. */
  async end(): Promise<void> {
    clearTimeout(this.#idle);
    const connection = await this.#connection?.catch(() => undefined);
    this.#connection = undefined;
    if (connection === undefined) return;
    await connection.request({ op: 'shutdown' }).catch(() => {});
    await Promise.race([connection.closed, delay(END_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Repeats a request that the server's death interrupted. */
  async #retried(request: (connection: NamesConnection) => Promise<void>): Promise<void> {
    const first = this.#connected();
    try {
      await request(await first);
    } catch (error) {
      if (this.#connection === first) throw error;
      await request(await this.#connected());
    }
  }

  async #give(connection: NamesConnection, sandboxId: string): Promise<void> {
    const held = this.#held.get(sandboxId);
    // It was dropped meanwhile.
    if (held === undefined) return;
    const { names, sockets, isServed } = held;
    held.isServed = true;
    try {
      await connection.request({ op: 'put', names, ...(!isServed && { sockets }) });
    } catch (error) {
      held.isServed = false;
      throw error;
    }
  }

  #connected(): Promise<NamesConnection> {
    this.#connection ??= this.#start();
    return this.#connection;
  }

  /** Connects to the server, or starts one, and gives it all that is held. */
  async #start(): Promise<NamesConnection> {
    const deadline = Date.now() + START_MILLISECONDS;
    for (const held of this.#held.values()) held.isServed = false;
    try {
      const connection = await this.#openOrStart(deadline);
      const extra = connection.hello.sandboxes.map(({ names }) => names.sandboxId).filter((id) => !this.#held.has(id));
      await Promise.all([
        connection.request({ op: 'drop', sandboxIds: extra }),
        ...[...this.#held.keys()].map((id) => this.#give(connection, id)),
      ]);
      return connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  async #openOrStart(deadline: number): Promise<NamesConnection> {
    let started: NamesProcess | undefined;
    for (;;) {
      try {
        return await this.#open();
      } catch (error) {
        if (!isAbsent(error) && !(error instanceof Failure)) throw error;
        if (Date.now() > deadline) throw new Failure('system', 'the name server does not start');
      }
      if (started === undefined || started.hasEnded) {
        if (started?.hasEnded === true) await delay(PAUSE_MILLISECONDS);
        started = startNameServer(this.#deps);
      }
      await delay(RETRY_MILLISECONDS);
    }
  }

  #open(): Promise<NamesConnection> {
    return NamesConnection.open(nameServerSocket(this.#deps.execRoot), () => this.#onClose());
  }

  #onClose(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    if (this.#held.size === 0) return;
    this.#deps.log.warn({}, 'the name server is gone, starting another');
    void this.#revive();
  }

  /** Until it succeeds, or there is nothing left to serve. */
  async #revive(): Promise<void> {
    while (this.#held.size > 0) {
      try {
        await this.#connected();
        return;
      } catch (error) {
        this.#deps.log.error({ error: messageOf(error) }, 'no name server');
        await delay(PAUSE_MILLISECONDS);
      }
    }
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    if (this.#held.size > 0 || this.#connection === undefined) return;
    this.#idle = setTimeout(() => void this.end(), IDLE_MILLISECONDS).unref();
  }
}

/** @throws Failure `system` */
function duplicate({ pid, udp, tcp }: ForeignSockets): NameSockets {
  let pidfd: number | undefined;
  try {
    pidfd = openPidfd(pid);
    const own = takeDescriptor(pidfd, udp);
    try {
      return { udp: own, tcp: takeDescriptor(pidfd, tcp) };
    } catch (error) {
      closeSync(own);
      throw error;
    }
  } catch (error) {
    throw new Failure('system', `cannot take the sockets of a sandbox from process ${pid}: ${messageOf(error)}`);
  } finally {
    if (pidfd !== undefined) closeSync(pidfd);
  }
}

function closeBoth({ udp, tcp }: NameSockets): void {
  closeSync(udp);
  closeSync(tcp);
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
}
