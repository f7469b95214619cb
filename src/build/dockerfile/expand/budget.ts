import { invalid } from '../../../base/errors.ts';

/** What an expander may still do. */
export class Budget {
  #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** @throws EngineError invalid when nothing is left */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw invalid('the expansion of variables takes too long');
  }
}
