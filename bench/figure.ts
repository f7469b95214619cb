import type { Engine, EngineKind } from './engines.ts';

/** One row of the table, measured on every engine in the same run. */
export interface Figure {
  readonly name: string;
  readonly unit: 'us' | 'ms' | 's' | 'MB' | 'per s' | 'times';
  /** The target against the best peer: at most this, or for rates at least. */
  readonly target: string;
  /**
   * The peers' figures, in `unit`, on the quiet machine for which a target was set. Their figures in this run show how
   * much slower this machine is, and scale the target. `like` names another figure, for those that are not measured for
   * peers.
   */
  readonly reference?: Readonly<Record<string, number>> | { readonly like: string };
  readonly engines?: readonly EngineKind[];
  /** Measures in `unit`, and leaves the engine as it was. */
  measure(engine: Engine): Promise<number>;
}
