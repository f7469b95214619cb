import { closeSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { conflict, EngineError, errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { openPidfd } from '../../linux/index.ts';
import {
  type ExitRecord,
  type PreparedStreams,
  type RequestBody,
  type StartReply,
  type StdioSpec,
  supervisorFolder,
  type TaskEvent,
  type TaskLayout,
  type TaskOwner,
  type TaskRef,
  taskLayout,
  taskRef,
} from '../../spec/index.ts';
import { type ControlConnection, RefusedError } from './control-connection.ts';
import { HeldTask } from './held-task.ts';
import { KnownTasks, type TaskEntry } from './known-tasks.ts';
import { OrphanReaper } from './orphan-reaper.ts';
import { connectOrStart, type SupervisorLaunch } from './supervisor-process.ts';

/** Delay between attempts when a supervisor cannot be started. */
const RETRY_MILLISECONDS = 1000;
/** Number of supervisors in a row that may die during one start. */
const ATTEMPTS = 5;
/** From this version on the supervisor takes streams that the daemon has made. */
const PREPARED_SINCE = 2;
const WATCH_MILLISECONDS = 1;

export interface ClientOptions extends SupervisorLaunch {
  readonly log: Logger;
  readonly onOom: (containerId: string) => void;
}

export interface LaunchRequest {
  readonly owner: TaskOwner;
  readonly bundle: () => void;
  readonly request: (prepared: PreparedStreams | undefined) => RequestBody;
}

/**
 * Keeps the daemon connected to its supervisor. When the supervisor dies, it starts another, and passes on what it
 * holds: pty masters, and the exit codes of processes that the daemon inherited as subreaper.
 */
export class SupervisorClient implements AsyncDisposable {
  readonly known = new KnownTasks();
  readonly #options: ClientOptions;
  readonly #reaper: OrphanReaper;
  #connection: Promise<ControlConnection>;
  #current: ControlConnection | undefined;
  #pidfd = -1;
  #lastSeq = 0;
  #closed = false;
  #consoles = 0;
  #onReplaced: () => void = () => {};

  private constructor(options: ClientOptions) {
    this.#options = options;
    this.#reaper = new OrphanReaper({
      execRoot: options.execRoot,
      onReaped: (pid, exitCode) => this.#tellExit(pid, exitCode),
    });
    this.#connection = this.#connect();
  }

  static async open(options: ClientOptions): Promise<SupervisorClient> {
    const client = new SupervisorClient(options);
    try {
      await client.#connection;
      // Files of a daemon that was killed: none of its starts is under way any more.
      for (const name of readdirSync(supervisorFolder(options.execRoot))) {
        if (/^console-\d+\.sock$/.test(name)) rmSync(join(supervisorFolder(options.execRoot), name), { force: true });
      }
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The version of the protocol that the supervisor speaks. */
  async version(): Promise<number> {
    return (await this.#connection).hello.version;
  }

  /** Calls the one listener whenever another supervisor has taken the place of one that died. */
  onReplaced(listener: () => void): void {
    this.#onReplaced = listener;
  }

  /** @throws RefusedError; EngineError unavailable when the supervisor dies meanwhile: it may or may not have acted */
  async request(body: RequestBody): Promise<unknown> {
    return await (await this.#connection).request(body);
  }

  /** Makes a request that may be repeated. It is repeated when the supervisor dies meanwhile. */
  async repeat(body: RequestBody): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.request(body);
      } catch (error) {
        const isLost = error instanceof EngineError && error.kind === 'unavailable';
        if (!isLost || this.#closed || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Opens a connection to the supervisor's socket beside the control connection. Opens it again when the supervisor
   * dies meanwhile: this connection notices the death a moment before the control connection does.
   * @throws the other errors of `connect`; EngineError unavailable after many deaths
   */
  async withSupervisor<T>(connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.#connection;
      try {
        return await connect();
      } catch (error) {
        if (!isLoss(error)) throw error;
        if (this.#closed || signal.aborted || attempt === ATTEMPTS) {
          throw new EngineError('unavailable', 'the container supervisor is gone', { cause: error });
        }
        await connection.closed;
      }
    }
  }

  /**
   * Runs a start or exec request and records the task. `bundle` makes the task's folder with the runtime's files.
   * `request` gets the streams that the daemon has made. When the supervisor dies meanwhile, its successor knows the
   * task, or has removed all of it, and gets the request again.
   */
  async launch(ref: TaskRef, stdio: StdioSpec, start: LaunchRequest): Promise<StartReply> {
    const before = this.known.get(ref);
    if (before !== undefined && before.exit === undefined) throw conflict(`container ${ref.containerId} is running`);
    const entry = this.known.begin(ref, stdio, start.owner);
    try {
      const reply = await this.#launched(entry, start);
      entry.pid = reply.pid;
      entry.startedAt = reply.startedAt;
      entry.consoleFd = reply.consoleFd;
      this.#hold(entry);
      return reply;
    } catch (error) {
      this.known.forget(ref);
      // The supervisor has removed a start that it refused. It does not know one that failed here.
      if (!(error instanceof RefusedError)) this.#forsake(entry);
      throw error;
    } finally {
      entry.held?.closeConsoleSocket();
      this.known.begun(entry);
    }
  }

  /** Asks the supervisor to end. It refuses while a task runs. */
  async shutdown(): Promise<void> {
    const connection = await this.#connection;
    this.#closed = true;
    try {
      await connection.request({ op: 'shutdown' });
    } catch (error) {
      this.#closed = false;
      throw error;
    }
  }

  /** Disconnects. The supervisor and its tasks keep running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#reaper[Symbol.dispose]();
    const connection = await this.#connection.catch(() => undefined);
    connection?.close();
    for (const entry of this.known.values()) entry.held?.[Symbol.dispose]();
    if (this.#pidfd >= 0) closeSync(this.#pidfd);
    this.#pidfd = -1;
  }

  async #launched(entry: TaskEntry, start: LaunchRequest): Promise<StartReply> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.#connection;
      // A successor may have found the task since the last attempt.
      if (entry.pid !== 0) return { pid: entry.pid, startedAt: entry.startedAt };
      start.bundle();
      try {
        return (await connection.request(start.request(this.#prepare(entry, connection)))) as StartReply;
      } catch (error) {
        const isLost = error instanceof EngineError && error.kind === 'unavailable';
        if (!isLost || this.#closed || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Returns undefined for a supervisor of an older build, which makes the streams itself. */
  #prepare(entry: TaskEntry, connection: ControlConnection): PreparedStreams | undefined {
    entry.held?.[Symbol.dispose]();
    entry.held = undefined;
    if (connection.hello.version < PREPARED_SINCE) return undefined;
    const { execRoot } = this.#options;
    this.#consoles++;
    const consolePath = join(supervisorFolder(execRoot), `console-${this.#consoles}.sock`);
    entry.held = HeldTask.prepare({ stdio: entry.stdio, layout: taskLayout(execRoot, entry) }, consolePath);
    return entry.held.prepared;
  }

  /** Removes the folder of a start that no supervisor knows. */
  #forsake(entry: TaskEntry): void {
    this.repeat({ op: 'release', task: taskRef(entry) }).catch((error) =>
      this.#options.log.warn(
        { task: taskRef(entry), error: messageOf(error) },
        'cannot remove the files of a failed start',
      ),
    );
  }

  async #connect(): Promise<ControlConnection> {
    for (;;) {
      try {
        const connection = await connectOrStart(this.#options, this.#lastSeq, {
          onEvent: (event) => this.#takeEvent(event),
          onClose: () => this.#onClose(),
        });
        this.#welcome(connection);
        return connection;
      } catch (error) {
        if (this.#closed || this.#current === undefined) throw error;
        this.#options.log.error({ error: messageOf(error) }, 'cannot start the supervisor');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
      }
    }
  }

  #welcome(connection: ControlConnection): void {
    const { hello } = connection;
    // A listener makes requests, which wait for this connection.
    if (this.#current !== undefined) setImmediate(this.#onReplaced);
    this.#current = connection;
    if (this.#pidfd >= 0) closeSync(this.#pidfd);
    this.#pidfd = openPidfd(hello.pid);
    this.known.merge(hello.tasks);
    for (const entry of this.known.values()) {
      if (entry.exit !== undefined || entry.pid === 0) continue;
      this.#hold(entry);
      if (entry.consoleFd === -1 && entry.held?.consoleFd !== undefined)
        this.#handConsole(connection, entry, entry.held.consoleFd);
      this.#handExit(entry);
    }
  }

  #handConsole(connection: ControlConnection, entry: TaskEntry, fd: number): void {
    const task = taskRef(entry);
    connection
      .request({ op: 'adopt-console', task, fd })
      .catch((error) =>
        this.#options.log.warn({ task, error: messageOf(error) }, 'cannot pass a terminal to the supervisor'),
      );
  }

  /** The process may have ended while there was no supervisor. */
  #handExit(entry: TaskEntry): void {
    this.#reaper.expect(entry.pid);
    const exitCode = entry.held?.exitCode();
    if (exitCode !== undefined) this.#tellExit(entry.pid, exitCode);
  }

  #tellExit(pid: number, exitCode: number): void {
    // Until the connection exists, the held pidfd keeps the exit code. Before Linux 6.15 the request waits here.
    this.repeat({ op: 'adopt-exit', pid, exitCode }).catch((error) =>
      this.#options.log.warn({ pid, error: messageOf(error) }, 'cannot pass an exit code to the supervisor'),
    );
  }

  #hold(entry: TaskEntry): void {
    if (entry.exit !== undefined || this.#closed || this.known.get(entry) !== entry) return;
    const process = { pid: entry.pid, master: entry.consoleFd, supervisorPidfd: this.#pidfd };
    if (entry.held !== undefined) entry.held.holdProcess(process);
    else {
      const layout = taskLayout(this.#options.execRoot, entry);
      entry.held = HeldTask.adopt({ stdio: entry.stdio, layout }, process);
    }
  }

  /** Never throws: a failure to handle one event must not end the connection. */
  #takeEvent(event: TaskEvent): void {
    try {
      this.#onEvent(event);
    } catch (error) {
      this.#options.log.error(
        { event: event.event, error: messageOf(error) },
        'an event of the supervisor was not handled',
      );
    }
  }

  #onEvent(event: TaskEvent): void {
    this.#lastSeq = Math.max(this.#lastSeq, event.seq);
    switch (event.event) {
      case 'exit': {
        const { containerId, execId, exitCode, oomKilled, exitedAt } = event;
        const record: ExitRecord = { exitCode, oomKilled, exitedAt };
        this.known.exited({ containerId, ...(execId !== undefined && { execId }), ...record });
        return;
      }
      case 'oom':
        this.#options.onOom(event.containerId);
        return;
      case 'log-error':
        this.#options.log.error({ container: event.containerId, error: event.message }, 'container log lines lost');
        return;
      case 'ping':
        void this.request({ op: 'pong' }).catch(() => {});
        return;
    }
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#options.log.warn({}, 'the supervisor is gone, starting another');
    for (const entry of this.known.values())
      if (entry.pid !== 0 && entry.exit === undefined) this.#reaper.expect(entry.pid);
    this.#connection = this.#connect();
    this.#connection.catch(() => {});
    void this.#watchStarts();
  }

  /** Holds processes that a lost supervisor was starting, as soon as the runtime writes their pids. */
  async #watchStarts(): Promise<void> {
    const lost = this.#connection;
    let connected = false;
    void lost.then(
      () => (connected = true),
      () => (connected = true),
    );
    while (!connected && !this.#closed) {
      for (const entry of this.known.values()) {
        if (!entry.starting || entry.pid !== 0 || entry.held === undefined) continue;
        const pid = readPidFile(taskLayout(this.#options.execRoot, entry));
        if (pid === undefined) continue;
        entry.held.holdProcess({ pid, master: undefined, supervisorPidfd: -1 });
        this.#reaper.expect(pid);
      }
      await delay(WATCH_MILLISECONDS);
    }
  }
}

/** Whether a connection was refused or cut. */
function isLoss(error: unknown): boolean {
  if (error instanceof EngineError) return error.kind === 'unavailable';
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
}

/** The pid that the runtime wrote. Undefined when it has not. */
function readPidFile(layout: TaskLayout): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(layout.pid, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
