import { reapChild } from '../linux/index.ts';

type ExitListener = (exitCode: number) => void;

/**
 * Reaps every child of the supervisor: the OCI runtime, container and exec processes that came to it as subreaper, and their
 * orphans; an unreaped one would keep a killed container from dying. The supervisor never uses `child_process`, so all of them are its own.
 */
export class ChildReaper implements Disposable {
  readonly #listeners = new Map<number, ExitListener>();
  /** Ends of processes nobody has asked for yet, kept while a start is on its way. */
  readonly #unclaimed = new Map<number, number>();
  #expecting = 0;
  readonly #onChild = (): void => this.#reap();

  constructor() {
    process.on('SIGCHLD', this.#onChild);
  }

  /** Calls back once with the exit code (128+n for signal n), never before this returns. */
  watch(pid: number, onExit: ExitListener): void {
    const early = this.#unclaimed.get(pid);
    if (early === undefined) {
      this.#listeners.set(pid, onExit);
      return;
    }
    this.#unclaimed.delete(pid);
    queueMicrotask(() => onExit(early));
  }

  /** While held, the end of a process that is not watched yet is remembered: a container may die before its pid is known. */
  expect(): Disposable {
    this.#expecting++;
    return {
      [Symbol.dispose]: () => {
        this.#expecting--;
        if (this.#expecting === 0) this.#unclaimed.clear();
      },
    };
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onChild);
  }

  #reap(): void {
    for (let child = reapChild(); child !== undefined; child = reapChild()) {
      const listener = this.#listeners.get(child.pid);
      if (listener !== undefined) {
        this.#listeners.delete(child.pid);
        listener(child.exitCode);
      } else if (this.#expecting > 0) this.#unclaimed.set(child.pid, child.exitCode);
    }
  }
}
