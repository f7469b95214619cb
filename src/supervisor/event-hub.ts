import type { TaskEvent } from '../spec/index.ts';

type EventBody = TaskEvent extends infer E ? (E extends TaskEvent ? Omit<E, 'seq'> : never) : never;
export type EventListener = (event: TaskEvent) => void;

const PONG_MILLISECONDS = 10_000;

/** Numbers events in one sequence and sends them to every connected daemon. */
export class EventHub {
  readonly #listeners = new Set<EventListener>();
  #seq: number;
  #pongs: (() => void)[] = [];

  /** `firstSeq` must be larger than every number of a predecessor: microseconds of wall time are. */
  constructor(firstSeq: number) {
    this.#seq = firstSeq;
  }

  get seq(): number {
    return this.#seq;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Skips numbers that a predecessor has used, or that a daemon remembers. */
  skipTo(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  next(): number {
    this.#seq++;
    return this.#seq;
  }

  emit(body: EventBody): void {
    this.tell({ ...body, seq: this.next() } as TaskEvent);
  }

  /** Sends an event that has its number already. */
  tell(event: TaskEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  listen(listener: EventListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Asks whether a daemon is connected and responds. */
  isDaemonAlive(): Promise<boolean> {
    if (this.#listeners.size === 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PONG_MILLISECONDS);
      this.#pongs.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
      this.emit({ event: 'ping' });
    });
  }

  pong(): void {
    for (const answer of this.#pongs.splice(0)) answer();
  }
}
