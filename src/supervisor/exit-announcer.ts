import { existsSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { parseNanos } from '../base/time.ts';
import type { ContainerRemover } from './container-remover.ts';
import type { EventHub } from './event-hub.ts';
import type { ExitRecords } from './exit-records.ts';
import { isMain, type Task } from './task.ts';
import { readOomKills, type StoredExit, storeExit } from './task-files.ts';
import { waitAtMost } from './wait-at-most.ts';

/** Longest delay of an announcement by a slow disk, or by other processes that hold the output open. As in dockerd. */
const DRAIN_MILLISECONDS = 2000;

export interface AnnouncerDeps {
  readonly exitRecords: ExitRecords;
  readonly events: EventHub;
  readonly remover: ContainerRemover;
  readonly log: Logger;
}

/** The exit of a task's process. `exitCode` is null when it is unknown. */
export interface TaskExit {
  readonly exitCode: number | null;
  readonly exitedAt: string;
  readonly failedToExecute?: boolean;
}

/**
 * Announces exits of tasks: it waits for the last output, writes the exit to disk, and then sends the event. It also
 * counts OOM kills.
 */
export class ExitAnnouncer {
  readonly #deps: AnnouncerDeps;
  readonly #announcing = new Set<Promise<void>>();

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
  }

  /** Begins the announcement of an exit. The cgroup of `main`, the container's main task, counts the OOM kills. */
  announce(task: Task, exit: TaskExit, main: Task): void {
    const announced = this.#announce(task, exit, main).catch((error) =>
      this.#deps.log.error({ task: task.key, error: String(error) }, 'cannot announce an exit'),
    );
    this.#announcing.add(announced);
    void announced.finally(() => this.#announcing.delete(announced));
  }

  /** Announces OOM kills since the last check. */
  checkOom(task: Task): void {
    const kills = readOomKills(task.record.oomFile);
    if (kills <= task.oomKills) return;
    task.oomKills = kills;
    this.#deps.events.emit({ event: 'oom', containerId: task.record.task.containerId });
  }

  /** Resolves when no announcement is pending. */
  async idle(): Promise<void> {
    await Promise.all(this.#announcing);
  }

  async #announce(task: Task, exit: TaskExit, main: Task): Promise<void> {
    task.signal = undefined;
    task.oomWatch?.[Symbol.dispose]();
    task.failedToExecute = exit.failedToExecute === true;
    const { exitCode } = exit;
    // A process may die before the runtime has reported its start.
    const exitedAt = isBefore(exit.exitedAt, task.startedAt) ? task.startedAt : exit.exitedAt;
    // When an OOM kill ended an exec, the container's OOM event precedes the exec's exit.
    this.checkOom(main);
    await this.#drain(task);
    const record = { exitCode, oomKilled: task.oomKills > 0, exitedAt };
    const seq = this.#deps.events.next();
    task.exit = { ...record, seq };
    this.#store(task, task.exit);
    this.#deps.events.tell({ event: 'exit', seq, ...task.record.task, ...record });
    if (isMain(task)) this.#deps.remover.remove(task.record);
    await task.log?.close();
  }

  /** Waits for the last output. An exit is announced even when the output is lost. */
  async #drain(task: Task): Promise<void> {
    try {
      await task.streams.drain(DRAIN_MILLISECONDS);
      if (task.log !== undefined) await waitAtMost(DRAIN_MILLISECONDS, task.log.flushed());
    } catch (error) {
      this.#deps.log.error({ task: task.key, error: messageOf(error) }, 'output of an ended task is lost');
    }
  }

  /** Writes an exit to the disk. An exit that cannot be written is announced too. */
  #store(task: Task, exit: StoredExit): void {
    try {
      if (existsSync(task.layout.folder)) storeExit(task.layout, exit);
      this.#deps.exitRecords.forget(task.pid);
    } catch (error) {
      this.#deps.log.warn({ task: task.key, error: messageOf(error) }, 'cannot write the record of an exit');
    }
  }
}

function isBefore(one: string, other: string): boolean {
  return (parseNanos(one) ?? 0n) < (parseNanos(other) ?? 0n);
}
