import type { Engine } from './engines.ts';

/** One row of the table: measured on every engine in the same run. */
export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 's' | 'MB' | 'per s' | 'times';
  /** At most (or for rates at least) this against the best peer. */
  readonly target: string;
  readonly engines?: readonly string[];
  /** Leaves the engine as it found it. Answers in `unit`. */
  measure(engine: Engine): Promise<number>;
}
