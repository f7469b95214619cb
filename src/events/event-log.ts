import { after } from '../base/after.ts';
import { EngineError } from '../base/errors.ts';
import type { Nanos } from '../base/time.ts';
import type { EngineEvent, EventSink, Filters, Predicate } from '../spec/index.ts';
import { eventFilter } from './event-filter.ts';

/** Number of events kept for `since`. dockerd keeps 256. */
const HISTORY_LIMIT = 1024;
/** Number of unread events after which a slow client is disconnected. It is never served with gaps. */
const BACKLOG_LIMIT = 16_384;

export interface EventQuery {
  /** Nanoseconds since the epoch. Past events from here on come first. */
  readonly since: Nanos | undefined;
  /** The end of the stream. A time in the past ends it after the kept events. */
  readonly until: Nanos | undefined;
  readonly filters: Filters;
}

/**
 * The engine's events since its start, as far as they are kept, and the new ones.
 *
 * One life: every part of the engine calls `emit`. A client subscribes with a query, gets the kept events that pass, and
 * then new ones as they come, until its time or its request ends. One that reads too slowly is cut off.
 */
export interface EventLog extends EventSink {
  /**
   * Subscribes at once: no event after this call is missed. Ends at `until` or when `signal` aborts.
   * @throws EngineError unavailable, from the iterator, when the reader is too slow
   */
  subscribe(query: EventQuery, signal: AbortSignal): AsyncIterable<EngineEvent>;
  /** Current number of subscribers. */
  listeners(): number;
}

interface Subscriber {
  readonly passes: Predicate<EngineEvent>;
  push(event: EngineEvent): void;
}

/** `now` is the wall clock in nanoseconds. */
export function createEventLog(now: () => Nanos): EventLog {
  const history = new History();
  const subscribers = new Set<Subscriber>();
  return {
    emit(type, action, id, attributes) {
      const timeNano = now();
      const event: EngineEvent = {
        Type: type,
        Action: action,
        Actor: { ID: id, Attributes: attributes },
        scope: 'local',
        time: Number(timeNano / 1_000_000_000n),
        timeNano,
      };
      history.add(event);
      for (const subscriber of subscribers) {
        if (subscriber.passes(event)) subscriber.push(event);
      }
    },

    subscribe(query, signal) {
      const passes = eventFilter(query.filters);
      const past = query.since === undefined && query.until === undefined ? [] : history.select(query, passes);
      if (query.until !== undefined && query.until < now()) return replay(past);
      const queue = new EventQueue(past, passes);
      subscribers.add(queue);
      const leave = (): void => {
        subscribers.delete(queue);
        queue.end();
      };
      const timer =
        query.until === undefined ? undefined : after(Number((query.until - now()) / 1_000_000n) + 1, leave);
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      return queue.drain(() => {
        leave();
        timer?.cancel();
        signal.removeEventListener('abort', leave);
      });
    },

    listeners: () => subscribers.size,
  };
}

/** The newest {@link HISTORY_LIMIT} events. */
class History {
  readonly #events: EngineEvent[] = [];
  #oldest = 0;

  add(event: EngineEvent): void {
    if (this.#events.length < HISTORY_LIMIT) this.#events.push(event);
    else {
      this.#events[this.#oldest] = event;
      this.#oldest = (this.#oldest + 1) % HISTORY_LIMIT;
    }
  }

  /** Returns the events of the query, the oldest first. */
  select({ since, until }: EventQuery, passes: Predicate<EngineEvent>): EngineEvent[] {
    const ordered = [...this.#events.slice(this.#oldest), ...this.#events.slice(0, this.#oldest)];
    return ordered.filter(
      (event) =>
        (since === undefined || event.timeNano >= since) &&
        (until === undefined || event.timeNano <= until) &&
        passes(event),
    );
  }
}

async function* replay(events: readonly EngineEvent[]): AsyncGenerator<EngineEvent> {
  yield* events;
}

class EventQueue implements Subscriber {
  readonly passes: Predicate<EngineEvent>;
  #waiting: EngineEvent[];
  #ended = false;
  #overrun = false;
  #wake: (() => void) | undefined;

  constructor(past: EngineEvent[], passes: Predicate<EngineEvent>) {
    this.#waiting = past;
    this.passes = passes;
  }

  push(event: EngineEvent): void {
    if (this.#ended) return;
    if (this.#waiting.length >= BACKLOG_LIMIT) {
      this.#overrun = true;
      this.#waiting = [];
      this.end();
    } else this.#waiting.push(event);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *drain(leave: () => void): AsyncGenerator<EngineEvent> {
    try {
      for (;;) {
        const batch = this.#waiting;
        this.#waiting = [];
        yield* batch;
        if (this.#overrun) throw new EngineError('unavailable', 'the reader of events is too slow');
        if (this.#waiting.length > 0) continue;
        if (this.#ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
      }
    } finally {
      leave();
    }
  }
}
