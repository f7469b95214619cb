import type { Digest } from '../../base/ids.ts';
import type { ProgressGroup, SourcePlace, StepStatus, StepWarning } from './progress.ts';

/** A step of a graph, as the solver sees it. `R` is what steps make. */
export interface Vertex<R> {
  /** The step's identity: of what it does and of all steps before it. Equal steps of several builds run once. */
  readonly digest: Digest;
  readonly name: string;
  readonly inputs: readonly Edge<R>[];
  readonly op: Op<R>;
  /** Whether the step runs even when the cache has its result. */
  readonly ignoresCache?: boolean;
  readonly progressGroup?: ProgressGroup | undefined;
  /** Where the step is in a source file. */
  readonly place?: SourcePlace | undefined;
}

/** One output of a step. */
export interface Edge<R> {
  readonly vertex: Vertex<R>;
  readonly output: number;
}

/** What a step does. */
export interface Op<R> {
  /** Says what the result depends on, beside the inputs' own results. Called once a build. @throws whatever ends the step */
  cacheKey(context: StepContext): Promise<CacheKey<R>>;
  /** Makes the outputs, from one result for each input. @throws whatever ends the step */
  run(inputs: readonly R[], context: StepContext): Promise<readonly R[]>;
}

export interface CacheKey<R> {
  /** Digest of everything that the result depends on, without the inputs. */
  readonly digest: Digest;
  /**
   * For each input: how to sum what the step reads of it. Undefined where the step may read all of it: then the result
   * depends on the input as a whole.
   */
  readonly sums?: readonly (InputSum<R> | undefined)[];
  /**
   * Whether the digest alone says what the result is, as that of an image does. Such a step runs only when its result is
   * needed.
   */
  readonly isLazy?: boolean;
}

/** Returns the digest of what a step reads of an input. */
export type InputSum<R> = (input: R, context: StepContext) => Promise<Digest>;

/** What a step gets while it runs. */
export interface StepContext {
  /** Aborted when no build needs the step any more. */
  readonly signal: AbortSignal;
  /** Ids of the builds that wait for the step, oldest first: their clients may serve it. */
  builds(): readonly string[];
  /** Output of the step: 1 is stdout, 2 is stderr. */
  log(stream: 1 | 2, bytes: Uint8Array): void;
  /** Reports a part of the work, again whenever it changes. */
  report(status: StepStatus): void;
  warn(warning: StepWarning): void;
  /** Keeps something that the step's result needs until no build needs the step any more. */
  keep(resource: AsyncDisposable): void;
}

/** An input that a step could not read as it wanted. */
export interface UnreadInput {
  readonly index: number;
  readonly result: unknown;
}

/** The failure of a step, with its message. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly vertex: Digest;
  readonly place: SourcePlace | undefined;
  /** The input whose content could not be summed, where that was it. */
  readonly unread: UnreadInput | undefined;

  constructor({ digest, place }: Pick<Vertex<unknown>, 'digest' | 'place'>, cause: unknown, unread?: UnreadInput) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.vertex = digest;
    this.place = place;
    this.unread = unread;
  }
}
