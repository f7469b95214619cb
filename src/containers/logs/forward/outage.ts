import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';

const RETRY_MILLISECONDS = { first: 100, most: 30_000 } as const;

/** The attempts to reach one receiver. Each outage is logged once when it begins and once when it ends. */
export class Outage {
  readonly #logger: Logger;
  readonly #facts: object;
  #error = '';
  #delayMs = 0;
  #droppedBefore = 0;

  constructor(logger: Logger, facts: object) {
    this.#logger = logger;
    this.#facts = facts;
  }

  /** Why the last attempt failed. Empty when it did not. */
  get error(): string {
    return this.#error;
  }

  /** Returns the milliseconds until the next attempt. `dropped`: the number of messages that are lost so far. */
  failed(error: unknown, dropped: number): number {
    const begins = this.#error === '';
    this.#error = messageOf(error);
    if (begins) {
      this.#droppedBefore = dropped;
      this.#logger.warn({ ...this.#facts, error: this.#error }, 'the receiver of a log is away: it is tried again');
    }
    this.#delayMs = Math.min(Math.max(2 * this.#delayMs, RETRY_MILLISECONDS.first), RETRY_MILLISECONDS.most);
    return this.#delayMs;
  }

  /** Notes that messages were sent. */
  over(dropped: number): void {
    this.#delayMs = 0;
    if (this.#error === '') return;
    this.#error = '';
    this.#logger.info({ ...this.#facts, dropped: dropped - this.#droppedBefore }, 'the receiver of a log is back');
  }
}
