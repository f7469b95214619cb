import type { Clock } from '../world.ts';

/** The time of a fake host. It outlives the host's daemons. */
export interface FakeTime {
  nowNanos: bigint;
}

/** A clock that stands still until {@link advance}. Timers of a killed daemon do nothing. */
export class FakeClock implements Clock {
  readonly #time: FakeTime;
  readonly #isDead: () => boolean;
  #timers: { at: bigint; callback: () => void }[] = [];

  constructor(time: FakeTime, isDead: () => boolean) {
    this.#time = time;
    this.#isDead = isDead;
  }

  now(): bigint {
    this.#time.nowNanos += 1n;
    return this.#time.nowNanos;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#time.nowNanos + BigInt(Math.round(delayMs)) * 1_000_000n, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Milliseconds until each timer is due, shortest first. */
  pending(): readonly number[] {
    return this.#timers.map(({ at }) => Number((at - this.#time.nowNanos) / 1_000_000n)).sort((a, b) => a - b);
  }

  advance(ms: number): void {
    this.#time.nowNanos += BigInt(ms) * 1_000_000n;
    const due = this.#timers.filter(({ at }) => at <= this.#time.nowNanos).sort((a, b) => Number(a.at - b.at));
    this.#timers = this.#timers.filter(({ at }) => at > this.#time.nowNanos);
    for (const timer of due) if (!this.#isDead()) timer.callback();
  }
}
