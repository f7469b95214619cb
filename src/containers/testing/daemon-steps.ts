/** Thrown by the steps of a daemon that was killed: they have no effect. */
export class DaemonKilled extends Error {}

export interface StepOptions {
  /** Called before each step's effect. It may throw to make the step fail. */
  readonly before: (step: string) => void;
  /** Names of the steps that have begun, oldest first. */
  readonly journal: string[];
  /** Number of steps after which the daemon is killed. */
  readonly killAfter: number;
}

/**
 * Counts the effects of one daemon's life on the fake host, so that a test can kill the daemon between any two. The
 * steps of a killed daemon never return: a promise never settles, and a synchronous step throws {@link DaemonKilled}.
 */
export class DaemonSteps {
  readonly #options: StepOptions;
  #count = 0;
  #isDead = false;

  constructor(options: StepOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
  }

  async run<T>(name: string, effect: () => T): Promise<T> {
    if (this.#isDead) return new Promise<never>(() => undefined);
    const result = this.#perform(name, effect);
    if (this.#isDead) return new Promise<never>(() => undefined);
    return result;
  }

  runSync<T>(name: string, effect: () => T): T {
    if (this.#isDead) throw new DaemonKilled(name);
    const result = this.#perform(name, effect);
    if (this.#isDead) throw new DaemonKilled(name);
    return result;
  }

  #perform<T>(name: string, effect: () => T): T {
    this.#options.before(name);
    this.#options.journal.push(name);
    const result = effect();
    this.#count += 1;
    if (this.#count >= this.#options.killAfter) this.#isDead = true;
    return result;
  }
}
