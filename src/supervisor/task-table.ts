import { existsSync } from 'node:fs';
import type { Logger } from '../base/logger.ts';
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
import type { EventHub } from './event-hub.ts';
import { ExitAnnouncer, type TaskExit } from './exit-announcer.ts';
import type { ExitRecords } from './exit-records.ts';
import { Failure } from './failure.ts';
import { type Launched, launch } from './launch.ts';
import { type LogPositions, recoverLog } from './logs/log-journal.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { watchOom } from './oom-watch.ts';
import { openTask } from './open-task.ts';
import { openRelay } from './relay.ts';
import { isMain, isRunning, snapshotOf, type Task } from './task.ts';
import {
  readStart,
  removeFolder,
  removeTraces,
  reserveExit,
  type StoredExit,
  type TaskRecord,
  writeJson,
} from './task-files.ts';
import type { TaskDescriptors } from './task-streams.ts';
import { WaitingClients } from './waiting-clients.ts';

export interface TableDeps {
  readonly execRoot: string;
  readonly reaper: ChildReaper;
  readonly exitRecords: ExitRecords;
  readonly readiness: Readiness;
  readonly runtime: OciRuntime;
  readonly events: EventHub;
  readonly log: Logger;
}

/** The streams that a daemon has prepared for a start, and the daemon's pid. */
export interface Preparation {
  readonly prepared: PreparedStreams | undefined;
  readonly daemonPid: number;
}

/** Holds every task of the supervisor, and the clients that wait for a task to start. */
export class TaskTable {
  readonly #deps: TableDeps;
  readonly #tasks = new Map<string, Task>();
  readonly #waiting = new WaitingClients();
  readonly #remover: ContainerRemover;
  readonly #exits: ExitAnnouncer;
  /** Pending starts. */
  readonly #launches = new Set<Promise<unknown>>();

  constructor(deps: TableDeps) {
    this.#deps = deps;
    this.#remover = new ContainerRemover(deps);
    this.#exits = new ExitAnnouncer({ ...deps, remover: this.#remover });
  }

  get runningCount(): number {
    let count = 0;
    for (const task of this.#tasks.values()) if (task.exit === undefined) count++;
    return count;
  }

  /** Whether the process is a task's without `exit.json`: a successor then needs the record of the ended process. */
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
    // The release of the last run may have deleted the new run's bundle. The daemon then writes it again.
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

  /** Starts another process in a running container. process.json is in the task's folder. */
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

  hold(ref: TaskRef, held: boolean): void {
    this.#running(ref).streams.hold(held);
  }

  /** A daemon that is gone holds nothing up. */
  releaseHeld(): void {
    for (const task of this.#tasks.values()) task.streams.hold(false);
  }

  /** Connects a client now, or when the task starts. */
  attach(ref: TaskRef, attachment: Attachment, onlyRunning: boolean): void {
    const task = this.#tasks.get(taskKey(ref));
    if (task !== undefined && isRunning(task)) {
      task.streams.attach(attachment);
      return;
    }
    if (onlyRunning) throw new Failure('noTask', 'the task does not run');
    this.#waiting.add(taskKey(ref), attachment);
  }

  cancelAttach(ref: TaskRef): void {
    for (const attachment of this.#waiting.take(taskKey(ref))) attachment.end();
  }

  /** Deletes an ended task, and a container's ended execs with its main task. Resolves when the files are gone. */
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

  /** Announces new OOM kills, and drops disconnected clients. */
  sweep(): void {
    for (const task of this.#tasks.values()) {
      if (!isRunning(task)) continue;
      this.#exits.checkOom(task);
      task.streams.dropLostClients();
    }
  }

  /** Resolves when the pending starts have succeeded or failed. */
  async launched(): Promise<void> {
    await Promise.allSettled(this.#launches);
  }

  /** Resolves when exits are announced and ended containers removed. */
  async idle(): Promise<void> {
    await this.#exits.idle();
    await this.#remover.allDone();
  }

  /** Adds a running or ended task that a predecessor has started. */
  adopt(
    record: TaskRecord,
    known: { readonly pid: number; readonly startedAt: string; readonly exit?: StoredExit },
  ): Task {
    const layout = taskLayout(this.#deps.execRoot, record.task);
    const positions =
      record.log === undefined || known.exit !== undefined ? undefined : recoverLog(layout.logged, record.log.path);
    // The log of an ended task is complete. Its container may be removed: opening the log would make its folder again.
    const { log: _complete, ...unlogged } = record;
    const task = this.#create(known.exit === undefined ? record : unlogged, positions);
    task.pid = known.pid;
    task.startedAt = known.startedAt;
    task.exit = known.exit;
    return task;
  }

  /** Takes ownership of the master of a task's pty. */
  openConsole(task: Task, fd: number): void {
    task.consoleFd = fd;
    this.#open(task, { console: fd, relay: openRelay(task.layout) });
    // The streams close it when they end.
    void task.streams.ended.then(() => {
      task.consoleFd = undefined;
    });
  }

  /** Announces the end of a task's process, which has been reaped. */
  onExit(task: Task, exit: TaskExit): void {
    this.#exits.announce(task, exit, this.#tasks.get(task.record.task.containerId) ?? task);
  }

  /** Announces OOM kills in a running container at once. Does nothing for a task that has ended or is ending. */
  watchOom(task: Task): void {
    const { oomFile } = task.record;
    if (oomFile === undefined || task.signal === undefined || this.#tasks.get(task.key) !== task) return;
    task.oomWatch = watchOom(oomFile, this.#deps.readiness, () => this.#exits.checkOom(task));
  }

  /** Removes the files of a failed or incomplete start of a predecessor. */
  async discard(record: TaskRecord): Promise<void> {
    await this.#remover.removeFailed({ record, layout: taskLayout(this.#deps.execRoot, record.task) });
  }

  /** Runs the runtime's delete for an ended container, since a predecessor may have been killed before it. */
  finishRemoval(task: Task): void {
    if (isMain(task)) this.#remover.remove(task.record, { thorough: true });
  }

  #create(record: TaskRecord, positions?: LogPositions): Task {
    const key = taskKey(record.task);
    if (this.#tasks.has(key)) throw new Failure('exists', `task ${key} exists`);
    const task = openTask({ ...this.#deps, find: (id) => this.#tasks.get(id) }, record, positions);
    this.#tasks.set(key, task);
    return task;
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
    // The process is a child of this one: its pid is not reused before it is reaped.
    task.signal = (signalNumber) => killProcess(pid, signalNumber);
    if ('console' in descriptors) this.openConsole(task, descriptors.console);
    else this.#open(task, descriptors);
    this.#deps.reaper.watch(pid, (exit) => this.onExit(task, exit));
    setImmediate(() => this.watchOom(task));
    return { pid, startedAt: task.startedAt, ...(task.consoleFd !== undefined && { consoleFd: task.consoleFd }) };
  }

  #open(task: Task, descriptors: TaskDescriptors): void {
    task.streams.open(descriptors, this.#waiting.take(task.key));
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
