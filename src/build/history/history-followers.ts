import type { HistoryEvent } from './history-record.ts';

/** Of a follower that does not read: it then loses the oldest. */
const WAITING_MAX = 1000;

/** Those who follow the history. */
export class HistoryFollowers {
  readonly #followers = new Set<Follower>();

  send(event: HistoryEvent): void {
    for (const follower of this.#followers) follower.add(event);
  }

  /** Hears everything from now on, until it is disposed. */
  open(): Follower & Disposable {
    const follower = new Follower();
    this.#followers.add(follower);
    return Object.assign(follower, { [Symbol.dispose]: () => void this.#followers.delete(follower) });
  }
}

class Follower {
  readonly #events: HistoryEvent[] = [];
  #changed = Promise.withResolvers<void>();

  add(event: HistoryEvent): void {
    this.#events.push(event);
    if (this.#events.length > WAITING_MAX) this.#events.shift();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async *events(signal: AbortSignal): AsyncGenerator<HistoryEvent, void, undefined> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    while (!signal.aborted) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else await Promise.race([this.#changed.promise, aborted]);
    }
  }
}
