import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';

/** Work that no caller waits for, but that the daemon finishes before it ends. Failures are logged here, once. */
export class Background {
  readonly #logger: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Starts the work. The returned promise resolves at its end and never rejects. */
  run(what: string, containerId: string, work: () => Promise<void>): Promise<void> {
    const done = work()
      .catch((error: unknown) => {
        this.#logger.error({ containerId, error: messageOf(error) }, `${what} failed`);
      })
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
    return done;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Resolves when no work is left, including work that was started meanwhile. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
