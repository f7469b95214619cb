import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { openPidfd, takeDescriptor } from '../../linux/index.ts';
import { type NameSockets, type NamesHelloReply, nameServerSocket, type SandboxNames } from '../../spec/index.ts';
import { Failure } from '../failure.ts';
import { NamesConnection, NamesGone } from './names-connection.ts';
import { type NamesProcess, type StartNameServerDeps, startNameServer } from './start-name-server.ts';

/** How long a started server may take until it listens. */
const START_MILLISECONDS = 30_000;
const RETRY_MILLISECONDS = 5;
/** Delay after a server that ended before it listened, or whose start failed. */
const PAUSE_MILLISECONDS = 250;
/** A server without sandboxes ends after this time: it needs some 15 MB. */
const IDLE_MILLISECONDS = 10_000;
const END_MILLISECONDS = 1000;
/** Number of servers in a row that may die during one request. */
const ATTEMPTS = 5;

export interface NameServerDeps extends StartNameServerDeps {
  readonly log: Logger;
}

/** Descriptors of another process. */
export type ForeignSockets = NameSockets & { readonly pid: number };

interface Held {
  readonly names: SandboxNames;
  /** This process's duplicates. */
  readonly sockets: NameSockets;
  /** The connection whose server has them too. */
  served: NamesConnection | undefined;
}

/**
 * The engine's name server, a process of its own. This side holds its sockets and the names of every sandbox, starts
 * the server with the first sandbox, and starts it again when it dies. Queries wait in the sockets meanwhile.
 */
export class NameServer {
  readonly #deps: NameServerDeps;
  readonly #held = new Map<string, Held>();
  /** Complete: its server knows all that is held. */
  #connection: NamesConnection | undefined;
  /** The one start under way. */
  #starting: Promise<NamesConnection> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(deps: NameServerDeps) {
    this.#deps = deps;
  }

  /** Takes over the server of a predecessor, with its sandboxes. Without one it does nothing. */
  async adopt(): Promise<void> {
    try {
      const { connection, hello } = await NamesConnection.open(nameServerSocket(this.#deps.execRoot));
      for (const { names, sockets } of hello.sandboxes) {
        const own = duplicate({ pid: hello.pid, ...sockets });
        this.#held.set(names.sandboxId, { names, sockets: own, served: connection });
      }
      this.#use(connection);
      this.#endWhenIdle();
    } catch (error) {
      if (!isAbsent(error)) this.#deps.log.warn({ error: messageOf(error) }, 'cannot adopt the running name server');
    }
  }

  served(): readonly string[] {
    return [...this.#held.keys()];
  }

  /**
   * Names that the server refuses leave the former ones. @throws Failure `noSockets` without sockets for a sandbox that
   * has none; `invalid`, `system`
   */
  async put(names: SandboxNames, sockets: ForeignSockets | undefined): Promise<void> {
    const { sandboxId } = names;
    if (sockets === undefined && !this.#held.has(sandboxId)) {
      throw new Failure('noSockets', `the name server has no sockets of sandbox ${sandboxId}`);
    }
    clearTimeout(this.#idle);
    const offered = sockets && duplicate(sockets);
    try {
      await this.#ask(async (connection) => {
        const before = this.#held.get(sandboxId);
        const own = offered ?? before?.sockets;
        if (own === undefined) throw new Failure('noSockets', `sandbox ${sandboxId} was dropped`);
        const isServed = offered === undefined && before?.served === connection;
        await connection.request({ op: 'put', names, ...(!isServed && { sockets: own }) });
        if (offered !== undefined && before !== undefined) closeBoth(before.sockets);
        this.#held.set(sandboxId, { names, sockets: own, served: connection });
      });
    } catch (error) {
      if (offered !== undefined) closeBoth(offered);
      this.#endWhenIdle();
      throw error;
    }
  }

  async drop(sandboxIds: readonly string[]): Promise<void> {
    const known = sandboxIds.filter((id) => this.#held.has(id));
    for (const id of known) {
      const held = this.#held.get(id);
      this.#held.delete(id);
      if (held !== undefined) closeBoth(held.sockets);
    }
    if (known.length > 0) await this.#ask((connection) => connection.request({ op: 'drop', sandboxIds: known }));
    this.#endWhenIdle();
  }

  /** Ends the server. Waits for its end, but not for ever. */
  async end(): Promise<void> {
    clearTimeout(this.#idle);
    const connection = this.#connection ?? (await this.#starting?.catch(() => undefined));
    this.#connection = undefined;
    if (connection === undefined) return;
    await connection.request({ op: 'shutdown' }).catch(() => {});
    await Promise.race([connection.closed, delay(END_MILLISECONDS, undefined, { ref: false })]);
    connection.close();
  }

  /** Makes a request, and again when the server dies meanwhile. */
  async #ask(request: (connection: NamesConnection) => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await request(await this.#connected());
        return;
      } catch (error) {
        if (!(error instanceof NamesGone)) throw error;
        if (attempt === ATTEMPTS) throw new Failure('system', error.message);
      }
    }
  }

  async #connected(): Promise<NamesConnection> {
    if (this.#connection !== undefined) return this.#connection;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return await this.#starting;
  }

  /** Connects to the server, or starts one, and gives it all that is held. */
  async #start(): Promise<NamesConnection> {
    const { connection, hello } = await this.#openOrStart(Date.now() + START_MILLISECONDS);
    try {
      const extra = hello.sandboxes.map(({ names }) => names.sandboxId).filter((id) => !this.#held.has(id));
      await connection.request({ op: 'drop', sandboxIds: extra });
      await Promise.all([...this.#held.values()].map((held) => this.#give(connection, held)));
      this.#use(connection);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** A sandbox that the server refuses is not served. Others are. */
  async #give(connection: NamesConnection, held: Held): Promise<void> {
    const { names, sockets } = held;
    try {
      await connection.request({ op: 'put', names, sockets });
      held.served = connection;
    } catch (error) {
      if (error instanceof NamesGone) throw error;
      this.#deps.log.error(
        { sandbox: names.sandboxId, error: messageOf(error) },
        'cannot serve the names of a sandbox',
      );
    }
  }

  async #openOrStart(
    deadline: number,
  ): Promise<{ readonly connection: NamesConnection; readonly hello: NamesHelloReply }> {
    let started: NamesProcess | undefined;
    for (;;) {
      try {
        return await NamesConnection.open(nameServerSocket(this.#deps.execRoot));
      } catch (error) {
        if (!isAbsent(error)) throw error;
        if (Date.now() > deadline) throw new Failure('system', 'the name server does not start');
      }
      if (started === undefined || started.hasEnded) {
        if (started?.hasEnded === true) await delay(PAUSE_MILLISECONDS);
        started = startNameServer(this.#deps);
      }
      await delay(RETRY_MILLISECONDS);
    }
  }

  #use(connection: NamesConnection): void {
    this.#connection = connection;
    void connection.closed.then(() => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      if (this.#held.size === 0) return;
      this.#deps.log.warn({}, 'the name server is gone, starting another');
      void this.#revive();
    });
  }

  /** Until it succeeds, or there is nothing left to serve. A request that starts a server ends it too. */
  async #revive(): Promise<void> {
    while (this.#held.size > 0 && this.#connection === undefined) {
      try {
        await this.#connected();
      } catch (error) {
        this.#deps.log.error({ error: messageOf(error) }, 'cannot start the name server');
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

/** Whether no server listens, or one has just ended. */
function isAbsent(error: unknown): boolean {
  return error instanceof NamesGone || ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
}
