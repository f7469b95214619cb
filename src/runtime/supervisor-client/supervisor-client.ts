import { closeSync } from 'node:fs';
import { conflict, EngineError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { openPidfd } from '../../linux/index.ts';
import {
  type ExitRecord,
  type RequestBody,
  type StartReply,
  type StdioSpec,
  type TaskEvent,
  type TaskRef,
  taskLayout,
} from '../../spec/index.ts';
import type { ControlConnection } from './control-connection.ts';
import { holdTask } from './held-task.ts';
import { KnownTasks, type TaskEntry } from './known-tasks.ts';
import { OrphanReaper } from './orphan-reaper.ts';
import { connectOrStart, type SupervisorLaunch } from './supervisor-process.ts';

/** Between attempts when a supervisor cannot be started. */
const RETRY_MILLISECONDS = 1000;

export interface ClientOptions extends SupervisorLaunch {
  readonly log: Logger;
  readonly onOom: (containerId: string) => void;
}

/**
 * Keeps the daemon connected to its supervisor. When that dies it starts another and hands over what it has kept: pty masters,
 * and the exit codes of processes that came to the daemon as subreaper.
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

  private constructor(options: ClientOptions) {
    this.#options = options;
    this.#reaper = new OrphanReaper({ onReaped: (pid, exitCode) => this.#tellExit(pid, exitCode) });
    this.#connection = this.#connect();
  }

  static async open(options: ClientOptions): Promise<SupervisorClient> {
    const client = new SupervisorClient(options);
    try {
      await client.#connection;
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @throws RefusedError; EngineError unavailable when the supervisor dies meanwhile: it may or may not have acted */
  async request(body: RequestBody): Promise<unknown> {
    return await (await this.#connection).request(body);
  }

  /** For requests that may be made twice: made again when the supervisor dies meanwhile. */
  async repeat(body: RequestBody): Promise<unknown> {
    try {
      return await this.request(body);
    } catch (error) {
      if (this.#closed || !(error instanceof EngineError && error.kind === 'unavailable')) throw error;
      return await this.request(body);
    }
  }

  /** Resolves when a supervisor is connected. */
  async connected(): Promise<void> {
    await this.#connection;
  }

  /** Runs a start or exec request and keeps account of the task. */
  async launch(ref: TaskRef, stdio: StdioSpec, request: () => RequestBody): Promise<StartReply> {
    const before = this.known.get(ref);
    if (before !== undefined && before.exit === undefined) throw conflict(`container ${ref.containerId} is running`);
    const entry = this.known.begin(ref, stdio);
    try {
      const reply = await this.#launched(entry, request);
      entry.pid = reply.pid;
      entry.startedAt = reply.startedAt;
      entry.consoleFd = reply.consoleFd;
      // What would end with the supervisor is held at once; else not on the way of the answer: many tasks have ended by then.
      if (stdio.tty || stdio.stdin) this.#hold(entry);
      else setImmediate(() => this.#hold(entry));
      return reply;
    } catch (error) {
      this.known.forget(ref);
      throw error;
    } finally {
      this.known.begun(entry);
    }
  }

  /** Asks the supervisor to end; it refuses while a task runs. */
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

  /** Leaves the supervisor and its tasks running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#reaper[Symbol.dispose]();
    const connection = await this.#connection.catch(() => undefined);
    connection?.close();
    for (const entry of this.known.values()) entry.held?.[Symbol.dispose]();
    if (this.#pidfd >= 0) closeSync(this.#pidfd);
    this.#pidfd = -1;
  }

  /** A supervisor that died may have started the task: its successor knows. */
  async #launched(entry: TaskEntry, request: () => RequestBody): Promise<StartReply> {
    try {
      return (await this.request(request())) as StartReply;
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === 'unavailable') || this.#closed) throw error;
      await this.#connection;
      if (entry.pid === 0) {
        const { containerId, execId } = entry;
        await this.request({ op: 'release', task: execId === undefined ? { containerId } : { containerId, execId } });
        throw error;
      }
      return { pid: entry.pid, startedAt: entry.startedAt };
    }
  }

  async #connect(): Promise<ControlConnection> {
    for (;;) {
      try {
        const connection = await connectOrStart(this.#options, this.#lastSeq, {
          onEvent: (event) => this.#onEvent(event),
          onClose: () => this.#onClose(),
        });
        this.#welcome(connection);
        return connection;
      } catch (error) {
        if (this.#closed || this.#current === undefined) throw error;
        this.#options.log.error({ error: messageOf(error) }, 'no supervisor');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
      }
    }
  }

  #welcome(connection: ControlConnection): void {
    const { hello } = connection;
    this.#current = connection;
    if (this.#pidfd >= 0) closeSync(this.#pidfd);
    this.#pidfd = openPidfd(hello.pid);
    this.known.merge(hello.tasks);
    for (const entry of this.known.values()) {
      if (entry.exit !== undefined || entry.pid === 0) continue;
      if (entry.consoleFd === -1 && entry.held?.consoleFd !== undefined)
        this.#handConsole(connection, entry, entry.held.consoleFd);
      if (entry.held === undefined) this.#hold(entry);
      else this.#handExit(entry);
    }
  }

  #handConsole(connection: ControlConnection, entry: TaskEntry, fd: number): void {
    const { containerId, execId } = entry;
    const task = execId === undefined ? { containerId } : { containerId, execId };
    connection
      .request({ op: 'adopt-console', task, fd })
      .catch((error) => this.#options.log.warn({ task, error: messageOf(error) }, 'terminal not handed over'));
  }

  /** The process may have ended while there was no supervisor. */
  #handExit(entry: TaskEntry): void {
    this.#reaper.expect(entry.pid);
    const exitCode = entry.held?.exitCode();
    if (exitCode !== undefined) this.#tellExit(entry.pid, exitCode);
  }

  #tellExit(pid: number, exitCode: number): void {
    // Before the connection exists, the pidfd that is held remembers; without Linux 6.15 the request waits here.
    this.repeat({ op: 'adopt-exit', pid, exitCode }).catch((error) =>
      this.#options.log.warn({ pid, error: messageOf(error) }, 'exit code not handed over'),
    );
  }

  #hold(entry: TaskEntry): void {
    if (entry.exit !== undefined || entry.held !== undefined || this.#closed || this.known.get(entry) !== entry) return;
    entry.held = holdTask({
      pid: entry.pid,
      stdio: entry.stdio,
      layout: taskLayout(this.#options.execRoot, entry),
      consoleFd: entry.consoleFd,
      supervisorPidfd: this.#pidfd,
    });
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
  }
}
