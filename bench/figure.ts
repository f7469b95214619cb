import type { Engine } from './engines.ts';

/** One row of the table: measured on every engine in the same run. */
export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 's' | 'MB' | 'per s' | 'times';
  /** At most (or for rates at least) this against the best peer. */
  readonly target: string;
  /**
   * What the peers reach, in `unit`, on the quiet machine that a target in figures was set for: how they fare in this run tells how
   * much slower this machine is, and what the target is here. `like` is another figure's name, for what peers are not measured in.
   */
  readonly reference?: Readonly<Record<string, number>> | { readonly like: string };
  readonly engines?: readonly string[];
  /** Leaves the engine as it found it. Answers in `unit`. */
  measure(engine: Engine): Promise<number>;
}
