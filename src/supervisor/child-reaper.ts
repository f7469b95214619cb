import { formatNanos } from '../base/time.ts';
import { peekExitedChild, type ReapedChild, reapChild, wallTimeNanos } from '../linux/index.ts';
import type { ProcessExit } from '../spec/index.ts';
import { EXEC_FAILURE_CODE } from './exec-failure.ts';
import { neverExecuted } from './process-stat.ts';

/** Exit code of crun and runc in place of a command that they cannot execute. */
const RUNTIME_FAILURE = 1;

export interface ReapedExit extends ProcessExit {
  /** Whether the process was the OCI runtime's, whose execve of the command failed. */
  readonly failedToExecute: boolean;
}

type ExitListener = (exit: ReapedExit) => void;

interface Watch {
  readonly onExit: ExitListener;
  readonly isTask: boolean;
}

/** Records the exit of a task's process before it is reaped. */
export interface ExitRecorder {
  record(pid: number, exitCode: number): ProcessExit;
  forget(pid: number): void;
}

/**
 * Reaps every child of the supervisor: the OCI runtime, container and exec processes that it inherits as subreaper, and
 * their orphans. An orphan that is not reaped would keep a killed container from exit. The supervisor never uses
 * `child_process`, so that all children are its own.
 *
 * The exit of a task's process is recorded on disk first: when this process is killed in between, the next one finds
 * the record or the zombie.
 */
export class ChildReaper implements Disposable {
  readonly #recorder: ExitRecorder;
  readonly #watches = new Map<number, Watch>();
  /** Exits of processes that are not watched yet, kept while a start is under way. */
  readonly #unclaimed = new Map<number, ReapedExit>();
  #expecting = 0;
  readonly #onChild = (): void => this.#reap();

  constructor(recorder: ExitRecorder) {
    this.#recorder = recorder;
    process.on('SIGCHLD', this.#onChild);
  }

  /** Calls back once with the exit of a task's process, after this has returned. */
  watch(pid: number, onExit: ExitListener): void {
    const early = this.#unclaimed.get(pid);
    if (early === undefined) {
      this.#watches.set(pid, { onExit, isTask: true });
      return;
    }
    this.#unclaimed.delete(pid);
    queueMicrotask(() => onExit(early));
  }

  /** As {@link watch}, for a program that the supervisor runs itself: its exit is not recorded on disk. */
  watchProgram(pid: number, onExit: (exitCode: number) => void): void {
    this.#watches.set(pid, { onExit: ({ exitCode }) => onExit(exitCode), isTask: false });
  }

  /**
   * Until disposed, exits of processes that are not watched yet are kept: a container may end before its pid is known.
   */
  expect(): Disposable {
    this.#expecting++;
    return {
      [Symbol.dispose]: () => {
        this.#expecting--;
        if (this.#expecting > 0) return;
        for (const pid of this.#unclaimed.keys()) this.#recorder.forget(pid);
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
    const exit = isTask
      ? { ...this.#recorder.record(pid, failedToExecute ? EXEC_FAILURE_CODE : exitCode), failedToExecute }
      : { exitCode, exitedAt: formatNanos(wallTimeNanos()), failedToExecute };
    reapChild(pid);
    if (watch !== undefined) watch.onExit(exit);
    else if (isTask) this.#unclaimed.set(pid, exit);
  }
}
