import { existsSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { parseNanos } from '../base/time.ts';
import { killProcess, type Readiness, setTerminalSize } from '../linux/index.ts';
import {
  type PreparedStreams,
  type RuntimeBinary,
  type StartReply,
  type TaskRef,
  type TaskSnapshot,
  taskKey,
  taskLayout,
} from '../spec/index.ts';
import type { Attachment } from './attachment.ts';
import type { ChildReaper } from './child-reaper.ts';
import { ContainerRemover } from './container-remover.ts';
import type { Endings } from './endings.ts';
import type { EventHub } from './event-hub.ts';
import { commandPath, execFailureText } from './exec-failure.ts';
import { Failure } from './failure.ts';
import { type Launched, launch } from './launch.ts';
import type { LogFileEvents } from './logs/log-file.ts';
import { LogJournal, type LogPositions, recoverLog } from './logs/log-journal.ts';
import { TaskLog } from './logs/task-log.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { watchOom } from './oom-watch.ts';
import { neverExecuted } from './process-stat.ts';
import { openRelay } from './relay.ts';
import { isMain, isRunning, newTask, snapshotOf, type Task } from './task.ts';
import {
  readOomKills,
  readStart,
  removeFolder,
  removeTraces,
  reserveExit,
  type StoredExit,
  storeExit,
  type TaskRecord,
  writeJson,
} from './task-files.ts';
import { type TaskDescriptors, TaskStreams } from './task-streams.ts';
import { waitAtMost } from './wait-at-most.ts';

/** How long output held open by others, or a slow disk, may delay the announcement of an exit. As dockerd. */
const DRAIN_MILLISECONDS = 2000;
const NOTHING: LogPositions = { stdout: 0, stderr: 0 };

export interface TableDeps {
  readonly execRoot: string;
  readonly reaper: ChildReaper;
  readonly endings: Endings;
  readonly readiness: Readiness;
  readonly runtime: OciRuntime;
  readonly events: EventHub;
  readonly log: Logger;
}

/** What a daemon has made for a start, and which daemon. */
export interface Preparation {
  readonly prepared: PreparedStreams | undefined;
  readonly daemonPid: number;
}

/** How a process ended; null when nobody knows its code. */
export interface TaskEnding {
  readonly exitCode: number | null;
  readonly exitedAt: string;
  readonly failedToExecute?: boolean;
}

/** Every task of the supervisor, and the clients that wait for one. */
export class TaskTable {
  readonly #deps: TableDeps;
  readonly #tasks = new Map<string, Task>();
  readonly #waiting = new Map<string, Set<Attachment>>();
  readonly #remover: ContainerRemover;
  /** Exits that are being announced, and everything else that shutdown waits for. */
  readonly #background = new Set<Promise<void>>();
  /** Starts on their way. */
  readonly #launches = new Set<Promise<unknown>>();

  constructor(deps: TableDeps) {
    this.#deps = deps;
    this.#remover = new ContainerRemover(deps);
  }

  get runningCount(): number {
    let count = 0;
    for (const task of this.#tasks.values()) if (task.exit === undefined) count++;
    return count;
  }

  /** Whether a process is a task's whose exit is not on disk yet: until then the note on its end is all that a successor has. */
  awaitsExit(pid: number): boolean {
    for (const task of this.#tasks.values()) if (task.pid === pid && task.exit === undefined) return true;
    return false;
  }

  values(): Iterable<Task> {
    return this.#tasks.values();
  }

  snapshots(): TaskSnapshot[] {
    return [...this.#tasks.values()].filter((task) => task.pid !== 0).map(snapshotOf);
  }

  /** Starts a container's main process. config.json is in the task's folder. */
  async start(record: TaskRecord, preparation: Preparation): Promise<StartReply> {
    const { containerId } = record.task;
    await this.#remover.done(containerId);
    const layout = taskLayout(this.#deps.execRoot, record.task);
    // The release of the last run may have taken the new run's bundle with it: the daemon writes it again.
    if (!existsSync(layout.config)) throw new Failure('noBundle', `no bundle for ${containerId}`);
    const task = this.#create(record);
    try {
      return await this.#launch(task, preparation, ['run', '--detach', '--bundle', layout.folder, containerId]);
    } catch (error) {
      this.#forget(task);
      await this.#remover.removeFailed(task);
      throw error;
    }
  }

  /** Starts one more process in a running container. process.json is in the task's folder. */
  async exec(record: TaskRecord, preparation: Preparation): Promise<StartReply> {
    const main = this.#tasks.get(record.task.containerId);
    if (main === undefined || !isRunning(main)) throw new Failure('noTask', 'container is not running');
    const task = this.#create(record);
    try {
      const { process: file } = task.layout;
      return await this.#launch(task, preparation, ['exec', '--detach', '--process', file, record.task.containerId]);
    } catch (error) {
      this.#forget(task);
      removeFolder(task.layout);
      throw error;
    }
  }

  kill(ref: TaskRef, signalNumber: number): void {
    const task = this.#running(ref);
    task.signal?.(signalNumber);
  }

  runtimeOf(ref: TaskRef): RuntimeBinary {
    return this.#running(ref).record.runtime;
  }

  resize(ref: TaskRef, rows: number, columns: number): void {
    const { consoleFd } = this.#running(ref);
    if (consoleFd === undefined) throw new Failure('invalid', 'the task has no terminal');
    if (consoleFd >= 0) setTerminalSize(consoleFd, rows, columns);
  }

  /** Connects a client now, or when the task starts. */
  attach(ref: TaskRef, attachment: Attachment, onlyRunning: boolean): void {
    const task = this.#tasks.get(taskKey(ref));
    if (task !== undefined && isRunning(task)) {
      task.streams.attach(attachment);
      return;
    }
    if (onlyRunning) throw new Failure('noTask', 'the task does not run');
    const key = taskKey(ref);
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(attachment));
    attachment.bind({
      onDrain: () => {},
      onInputEnd: () => {},
      onClose: () => {
        waiting.delete(attachment);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      },
    });
  }

  cancelAttach(ref: TaskRef): void {
    const key = taskKey(ref);
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    for (const attachment of waiting ?? []) attachment.end();
  }

  /** Forgets an ended task; a container's takes its execs with it. Resolves when nothing of it is left. */
  async release(ref: TaskRef): Promise<void> {
    const task = this.#tasks.get(taskKey(ref));
    if (task !== undefined && task.exit === undefined) throw new Failure('exists', 'the task runs');
    if (task !== undefined) this.#forget(task);
    if (ref.execId !== undefined) {
      removeFolder(taskLayout(this.#deps.execRoot, ref));
      return;
    }
    for (const other of this.#tasks.values()) {
      if (other.record.task.containerId === ref.containerId && other.exit !== undefined) this.#forget(other);
    }
    await this.#remover.done(ref.containerId);
    // A start of the id may have begun meanwhile.
    if (this.#tasks.has(ref.containerId)) return;
    const layout = taskLayout(this.#deps.execRoot, ref);
    if (task === undefined) removeFolder(layout);
    else await this.#remover.removeEnded({ record: task.record, layout });
  }

  /** Announces OOM kills that have happened, and drops clients that are gone. */
  sweep(): void {
    for (const task of this.#tasks.values()) {
      if (!isRunning(task)) continue;
      this.#checkOom(task);
      task.streams.dropLostClients();
    }
  }

  /** Resolves when the starts that are on their way have succeeded or failed. */
  async launched(): Promise<void> {
    await Promise.allSettled(this.#launches);
  }

  /** Resolves when exits are announced and ended containers removed. */
  async settled(): Promise<void> {
    await Promise.all(this.#background);
    await this.#remover.allDone();
  }

  /** A task that a predecessor has started, running or ended. */
  adopt(
    record: TaskRecord,
    known: { readonly pid: number; readonly startedAt: string; readonly exit?: StoredExit },
  ): Task {
    const layout = taskLayout(this.#deps.execRoot, record.task);
    const positions =
      record.log === undefined || known.exit !== undefined ? NOTHING : recoverLog(layout.logged, record.log.path);
    // The log of one that has ended is complete, and its container may be removed: opening it would make its folder again.
    const { log: _complete, ...unlogged } = record;
    const task = this.#create(known.exit === undefined ? record : unlogged, positions);
    task.pid = known.pid;
    task.startedAt = known.startedAt;
    task.exit = known.exit;
    return task;
  }

  /** Takes the master of a task's pty over. */
  openConsole(task: Task, fd: number): void {
    task.consoleFd = fd;
    this.#open(task, { console: fd, relay: openRelay(task.layout) });
    // The streams close it with their end.
    void task.streams.ended.then(() => {
      task.consoleFd = undefined;
    });
  }

  /** The task's process is dead and reaped. */
  onExit(task: Task, ending: TaskEnding): void {
    const announced = this.#announce(task, ending).catch((error) =>
      this.#deps.log.error({ task: task.key, error: String(error) }, 'exit not announced'),
    );
    this.#background.add(announced);
    void announced.finally(() => this.#background.delete(announced));
  }

  /** Tells at once of OOM kills in a running container. Nothing is watched for a task that has ended or is ending. */
  watchOom(task: Task): void {
    const { oomFile } = task.record;
    if (oomFile === undefined || task.signal === undefined || this.#tasks.get(task.key) !== task) return;
    task.oomWatch = watchOom(oomFile, this.#deps.readiness, () => this.#checkOom(task));
  }

  /** Removes what a failed or half-done start of a predecessor has left. */
  async discard(record: TaskRecord): Promise<void> {
    await this.#remover.removeFailed({ record, layout: taskLayout(this.#deps.execRoot, record.task) });
  }

  /** Runs the runtime's delete that a predecessor may not have come to, for a container that has ended. */
  finishRemoval(task: Task): void {
    if (isMain(task)) this.#remover.remove(task.record, { thorough: true });
  }

  #create(record: TaskRecord, positions: LogPositions = NOTHING): Task {
    const key = taskKey(record.task);
    if (this.#tasks.has(key)) throw new Failure('exists', `task ${key} exists`);
    const layout = taskLayout(this.#deps.execRoot, record.task);
    const { readiness } = this.#deps;
    const log =
      record.log === undefined || record.log.driver === 'none'
        ? undefined
        : this.#openLog(record, record.log, positions);
    const streams: TaskStreams = new TaskStreams({
      runtimeWords: {
        areNext: () => task.exit === undefined && (task.failedToExecute || neverExecuted(task.pid)),
        translate: (text) =>
          execFailureText(text, () => commandPath(layout, this.#tasks.get(record.task.containerId)?.pid ?? 0)),
      },
      tty: record.stdio.tty,
      stdinOnce: record.stdio.stdinOnce,
      log,
      readiness,
      spoolPath: (kind) => (kind === 1 ? layout.stdoutSpool : layout.stderrSpool),
      isDaemonAlive: () => this.#deps.events.isDaemonAlive(),
    });
    const task: Task = newTask(record, layout, { streams, log });
    this.#tasks.set(key, task);
    return task;
  }

  #openLog(record: TaskRecord, spec: NonNullable<TaskRecord['log']>, positions: LogPositions): TaskLog {
    const { containerId } = record.task;
    const journal = new LogJournal(taskLayout(this.#deps.execRoot, record.task).logged);
    const events: LogFileEvents = {
      onJournalError: (error) => {
        this.#deps.log.warn({ container: containerId, error: messageOf(error) }, 'log not protected against a crash');
        this.#tasks.get(containerId)?.streams.giveUpSpools();
      },
      onRotationError: (error) =>
        this.#deps.log.warn({ container: containerId, error: messageOf(error) }, 'log not rotated'),
      onDrain: () => this.#tasks.get(containerId)?.streams.onLogDrain(),
      onError: (error) => {
        const message = String(error instanceof Error ? error.message : error);
        this.#deps.log.error({ container: containerId, error: message }, 'log lines lost');
        this.#deps.events.emit({ event: 'log-error', containerId, message });
      },
    };
    return new TaskLog(spec, events, { journal, positions });
  }

  async #launch(task: Task, preparation: Preparation, command: readonly string[]): Promise<StartReply> {
    const { reaper, execRoot, runtime } = this.#deps;
    using _expecting = reaper.expect();
    const { layout, record } = task;
    removeTraces(layout, preparation.prepared?.fifos === true);
    writeJson(layout.task, record);
    reserveExit(layout);
    const launching = launch({ execRoot, runtime }, { layout, record, ...preparation }, command).then((launched) =>
      this.#begin(task, launched),
    );
    this.#launches.add(launching);
    try {
      return await launching;
    } finally {
      this.#launches.delete(launching);
    }
  }

  #begin(task: Task, { pid, descriptors }: Launched): StartReply {
    task.pid = pid;
    task.startedAt = readStart(task.layout);
    // Our own child: its pid cannot be given to another before we have reaped it.
    task.signal = (signalNumber) => killProcess(pid, signalNumber);
    if ('console' in descriptors) this.openConsole(task, descriptors.console);
    else this.#open(task, descriptors);
    this.#deps.reaper.watch(pid, (ending) => this.onExit(task, ending));
    setImmediate(() => this.watchOom(task));
    return { pid, startedAt: task.startedAt, ...(task.consoleFd !== undefined && { consoleFd: task.consoleFd }) };
  }

  #open(task: Task, descriptors: TaskDescriptors): void {
    const waiting = this.#waiting.get(task.key);
    this.#waiting.delete(task.key);
    task.streams.open(descriptors, waiting ?? []);
  }

  async #announce(task: Task, ending: TaskEnding): Promise<void> {
    task.signal = undefined;
    task.oomWatch?.[Symbol.dispose]();
    task.failedToExecute = ending.failedToExecute === true;
    const { exitCode } = ending;
    // A process may be dead before the runtime has told that it began.
    const exitedAt = isBefore(ending.exitedAt, task.startedAt) ? task.startedAt : ending.exitedAt;
    // An exec that was killed for it ends after its container has said so.
    this.#checkOom(this.#tasks.get(task.record.task.containerId) ?? task);
    await this.#drain(task);
    const record = { exitCode, oomKilled: task.oomKills > 0, exitedAt };
    const seq = this.#deps.events.next();
    task.exit = { ...record, seq };
    this.#store(task, task.exit);
    this.#deps.events.tell({ event: 'exit', seq, ...task.record.task, ...record });
    if (isMain(task)) this.#remover.remove(task.record);
    await task.log?.close();
  }

  /** Waits for the last output. An exit is announced even when the output is lost. */
  async #drain(task: Task): Promise<void> {
    try {
      await task.streams.drain(DRAIN_MILLISECONDS);
      if (task.log !== undefined) await waitAtMost(DRAIN_MILLISECONDS, task.log.flushed());
    } catch (error) {
      this.#deps.log.error({ task: task.key, error: messageOf(error) }, 'output lost');
    }
  }

  /** Writes an exit to the disk. One that cannot be written is announced all the same. */
  #store(task: Task, exit: StoredExit): void {
    try {
      if (existsSync(task.layout.folder)) storeExit(task.layout, exit);
      this.#deps.endings.forget(task.pid);
    } catch (error) {
      this.#deps.log.warn({ task: task.key, error: messageOf(error) }, 'an exit is not on the disk');
    }
  }

  #checkOom(task: Task): void {
    const kills = readOomKills(task.record.oomFile);
    if (kills <= task.oomKills) return;
    task.oomKills = kills;
    this.#deps.events.emit({ event: 'oom', containerId: task.record.task.containerId });
  }

  #running(ref: TaskRef): Task {
    const task = this.#tasks.get(taskKey(ref));
    if (task === undefined || !isRunning(task) || task.signal === undefined)
      throw new Failure('noTask', 'the task does not run');
    return task;
  }

  #forget(task: Task): void {
    if (this.#tasks.get(task.key) === task) this.#tasks.delete(task.key);
    void task.log?.close();
  }
}

function isBefore(one: string, other: string): boolean {
  return (parseNanos(one) ?? 0n) < (parseNanos(other) ?? 0n);
}
