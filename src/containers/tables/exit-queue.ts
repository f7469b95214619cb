import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { TaskExit } from '../../runtime/index.ts';

/**
 * The queue of exits of processes. The runtime, starts and restore feed it; `handleExit` is its one consumer.
 *
 * A queue begins closed and keeps the exits: they may be announced before restore has read the records. `open` delivers
 * them, oldest first. From then on `push` delivers an exit before it returns, so that waiters resolve in the tick
 * in which the exit arrives. While a start of a container is under way, the exit of its main process is held: until the
 * start has been recorded, the exit cannot be told from one before the start.
 */
export class ExitQueue {
  readonly #consume: (exit: TaskExit) => void;
  readonly #logger: Logger;
  /** By task. Undefined once the queue is open. */
  #early: Map<string, TaskExit> | undefined = new Map();
  /** By container, while its start is under way. */
  readonly #held = new Map<string, TaskExit | undefined>();

  constructor(consume: (exit: TaskExit) => void, logger: Logger) {
    this.#consume = consume;
    this.#logger = logger;
  }

  /** Adds an exit. Before the queue opens an exit may be announced repeatedly: it is delivered once. */
  push(exit: TaskExit): void {
    if (this.#early !== undefined) this.#early.set(`${exit.containerId}/${exit.execId ?? ''}`, exit);
    else if (exit.execId === undefined && this.#held.has(exit.containerId)) this.#held.set(exit.containerId, exit);
    else this.#deliver(exit);
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

  /** A failure concerns one exit: it reaches neither the other exits nor the connection that the exit came from. */
  #deliver(exit: TaskExit): void {
    try {
      this.#consume(exit);
    } catch (error) {
      const { containerId, execId } = exit;
      this.#logger.error(
        { containerId, ...(execId && { execId }), error: messageOf(error) },
        'an exit was not handled',
      );
    }
  }
}

export interface HeldExit {
  /** Delivers the exit if it has arrived meanwhile. Returns whether it had. */
  release(): boolean;
  /** Drops the exit: the start that it belongs to failed. */
  discard(): void;
}
