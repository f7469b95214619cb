import { existsSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { parseNanos } from '../base/time.ts';
import type { ContainerRemover } from './container-remover.ts';
import type { Endings } from './endings.ts';
import type { EventHub } from './event-hub.ts';
import { isMain, type Task } from './task.ts';
import { readOomKills, type StoredExit, storeExit } from './task-files.ts';
import { waitAtMost } from './wait-at-most.ts';

/** How long output held open by others, or a slow disk, may delay the announcement of an exit. As dockerd. */
const DRAIN_MILLISECONDS = 2000;

export interface AnnouncerDeps {
  readonly endings: Endings;
  readonly events: EventHub;
  readonly remover: ContainerRemover;
  readonly log: Logger;
}

/** How a process ended. `exitCode` is null when nobody knows it. */
export interface TaskEnding {
  readonly exitCode: number | null;
  readonly exitedAt: string;
  readonly failedToExecute?: boolean;
}

/** Announces how tasks end: the last output first, then the exit, on disk before it is told. Counts OOM kills on the way. */
export class ExitAnnouncer {
  readonly #deps: AnnouncerDeps;
  readonly #announcing = new Set<Promise<void>>();

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
  }

  /** Begins the announcement of an end. `main` is the main task of the container, whose cgroup counts the OOM kills. */
  announce(task: Task, ending: TaskEnding, main: Task): void {
    const announced = this.#announce(task, ending, main).catch((error) =>
      this.#deps.log.error({ task: task.key, error: String(error) }, 'exit not announced'),
    );
    this.#announcing.add(announced);
    void announced.finally(() => this.#announcing.delete(announced));
  }

  /** Announces OOM kills that have happened since the last check. */
  checkOom(task: Task): void {
    const kills = readOomKills(task.record.oomFile);
    if (kills <= task.oomKills) return;
    task.oomKills = kills;
    this.#deps.events.emit({ event: 'oom', containerId: task.record.task.containerId });
  }

  /** Resolves when every exit that has begun is announced. */
  async settled(): Promise<void> {
    await Promise.all(this.#announcing);
  }

  async #announce(task: Task, ending: TaskEnding, main: Task): Promise<void> {
    task.signal = undefined;
    task.oomWatch?.[Symbol.dispose]();
    task.failedToExecute = ending.failedToExecute === true;
    const { exitCode } = ending;
    // A process may be dead before the runtime has told that it began.
    const exitedAt = isBefore(ending.exitedAt, task.startedAt) ? task.startedAt : ending.exitedAt;
    // An exec that was killed for it ends after its container has said so.
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
}

function isBefore(one: string, other: string): boolean {
  return (parseNanos(one) ?? 0n) < (parseNanos(other) ?? 0n);
}
