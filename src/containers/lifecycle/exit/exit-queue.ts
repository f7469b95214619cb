import type { TaskExit } from '../../../runtime/index.ts';

/**
 * Exits of processes on their way to their one consumer, `handleExit`. The runtime, starts and restore feed it.
 *
 * A queue begins closed and keeps what it is given: exits may be announced before restore has read the records that they
 * concern. `open` delivers those, oldest first. From then on `push` delivers an exit before it returns, so that waiters are
 * answered in the tick in which the exit arrives. While a start of a container is under way, the exit of its main process is
 * held: it cannot be told from one before the start until the start has been recorded.
 */
export class ExitQueue {
  readonly #consume: (exit: TaskExit) => void;
  /** By task, until the queue is open. */
  #early: Map<string, TaskExit> | undefined = new Map();
  /** By container, while its start is under way. */
  readonly #held = new Map<string, TaskExit | undefined>();

  constructor(consume: (exit: TaskExit) => void) {
    this.#consume = consume;
  }

  /** Each exit is delivered once, however often it is announced before the queue opens. */
  push(exit: TaskExit): void {
    if (this.#early !== undefined) this.#early.set(`${exit.containerId}/${exit.execId ?? ''}`, exit);
    else if (exit.execId === undefined && this.#held.has(exit.containerId)) this.#held.set(exit.containerId, exit);
    else this.#consume(exit);
  }

  open(): void {
    const early = [...(this.#early?.values() ?? [])].sort((a, b) => (a.exitedAt < b.exitedAt ? -1 : 1));
    this.#early = undefined;
    for (const exit of early) this.push(exit);
  }

  /** Holds the exit of a container's main process until `release` or `discard` is called. */
  hold(containerId: string): HeldExit {
    this.#held.set(containerId, undefined);
    const take = (): TaskExit | undefined => {
      const exit = this.#held.get(containerId);
      this.#held.delete(containerId);
      return exit;
    };
    return {
      release: () => {
        const exit = take();
        if (exit !== undefined) this.push(exit);
        return exit !== undefined;
      },
      discard: () => void take(),
    };
  }
}

export interface HeldExit {
  /** Delivers the exit when it has come meanwhile, and returns whether it had. */
  release(): boolean;
  /** Forgets it: the start that it belongs to failed. */
  discard(): void;
}
