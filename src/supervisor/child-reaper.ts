import { formatNanos } from '../base/time.ts';
import { peekExitedChild, type ReapedChild, reapChild, wallTimeNanos } from '../linux/index.ts';
import type { Ending } from '../spec/index.ts';
import { EXEC_FAILURE_CODE } from './exec-failure.ts';
import { neverExecuted } from './process-stat.ts';

/** What crun and runc end with in the place of a command that they cannot execute. */
const RUNTIME_FAILURE = 1;

export interface ReapedEnding extends Ending {
  /** The process was the OCI runtime's, whose execve of the command failed. */
  readonly failedToExecute: boolean;
}

type ExitListener = (ending: ReapedEnding) => void;

interface Watch {
  readonly onExit: ExitListener;
  readonly isTask: boolean;
}

/** Where the end of a task's process is noted before it is reaped. */
export interface EndingNotes {
  note(pid: number, exitCode: number): Ending;
  forget(pid: number): void;
}

/**
 * Reaps every child of the supervisor: the OCI runtime, container and exec processes that came to it as subreaper, and their
 * orphans; an unreaped one would keep a killed container from dying. The supervisor never uses `child_process`, so all of them are its own.
 *
 * The end of a task's process is noted on disk first: when this process is killed in between, the next one finds the note or the zombie.
 */
export class ChildReaper implements Disposable {
  readonly #notes: EndingNotes;
  readonly #watches = new Map<number, Watch>();
  /** Ends of processes nobody has asked for yet, kept while a start is on its way. */
  readonly #unclaimed = new Map<number, ReapedEnding>();
  #expecting = 0;
  readonly #onChild = (): void => this.#reap();

  constructor(notes: EndingNotes) {
    this.#notes = notes;
    process.on('SIGCHLD', this.#onChild);
  }

  /** Calls back once with how a task's process ended, never before this returns. */
  watch(pid: number, onExit: ExitListener): void {
    const early = this.#unclaimed.get(pid);
    if (early === undefined) {
      this.#watches.set(pid, { onExit, isTask: true });
      return;
    }
    this.#unclaimed.delete(pid);
    queueMicrotask(() => onExit(early));
  }

  /** As {@link watch}, for a program that we run ourselves: nobody asks for its end after our own. */
  watchProgram(pid: number, onExit: (exitCode: number) => void): void {
    this.#watches.set(pid, { onExit: ({ exitCode }) => onExit(exitCode), isTask: false });
  }

  /** While held, the end of a process that is not watched yet is remembered: a container may die before its pid is known. */
  expect(): Disposable {
    this.#expecting++;
    return {
      [Symbol.dispose]: () => {
        this.#expecting--;
        if (this.#expecting > 0) return;
        for (const pid of this.#unclaimed.keys()) this.#notes.forget(pid);
        this.#unclaimed.clear();
      },
    };
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onChild);
  }

  #reap(): void {
    for (let child = peekExitedChild(); child !== undefined; child = peekExitedChild()) this.#take(child);
  }

  #take({ pid, exitCode }: ReapedChild): void {
    const watch = this.#watches.get(pid);
    this.#watches.delete(pid);
    const isTask = watch?.isTask ?? this.#expecting > 0;
    const failedToExecute = isTask && exitCode === RUNTIME_FAILURE && neverExecuted(pid);
    const ending = isTask
      ? { ...this.#notes.note(pid, failedToExecute ? EXEC_FAILURE_CODE : exitCode), failedToExecute }
      : { exitCode, exitedAt: formatNanos(wallTimeNanos()), failedToExecute };
    reapChild(pid);
    if (watch !== undefined) watch.onExit(ending);
    else if (isTask) this.#unclaimed.set(pid, ending);
  }
}
