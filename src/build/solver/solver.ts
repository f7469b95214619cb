import type { Digest } from '../../base/ids.ts';
import { createSlots, type Slots } from '../../base/slots.ts';
import type { Progress } from './progress.ts';
import type { ImportedResults, ResultCache } from './result-cache.ts';
import { Step, type StepBuilder } from './step.ts';
import { cancelled, unlessAborted } from './unless-aborted.ts';
import type { Edge, Vertex } from './vertex.ts';

export interface SolverDeps<R> {
  readonly cache: ResultCache<R>;
  /** Most steps that run at a time, of all builds. */
  readonly parallelSteps: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Hears why something that a step kept could not be released. */
  readonly failed: (error: unknown) => void;
}

/** One build's view of the solver. Disposing it ends the steps that no other build needs. */
export interface Build<R> extends Disposable {
  /** Makes an output and everything that it needs. @throws StepError; EngineError cancelled */
  result(edge: Edge<R>): Promise<R>;
  /** Returns the id of an output's record, without making more than is needed to know it. @throws as {@link result} */
  record(edge: Edge<R>): Promise<Digest>;
  /** Lets the steps of this build use an imported cache, from their next question on. */
  use(imported: ImportedResults<R>): void;
}

/** Runs graphs of steps. Builds share equal steps. */
export class Solver<R> {
  readonly #deps: SolverDeps<R>;
  readonly #slots: Slots;
  /** Steps under way, by the digest of their vertex. */
  readonly #steps = new Map<Digest, Step<R>>();
  readonly #running = new Map<Digest, Promise<readonly unknown[]>>();

  constructor(deps: SolverDeps<R>) {
    this.#deps = deps;
    this.#slots = createSlots(deps.parallelSteps);
  }

  /** Begins a build. `send` gets its progress until it is disposed. */
  open(id: string, send: (progress: Progress) => void, signal: AbortSignal): Build<R> {
    const mine = new Set<Step<R>>();
    const imports: ImportedResults<R>[] = [];
    const builder: StepBuilder<R> = { id, send, imports };
    const end = (): void => {
      signal.removeEventListener('abort', end);
      for (const step of mine) step.leave(builder);
      mine.clear();
    };
    signal.addEventListener('abort', end, { once: true });
    const ask = async <T>(edge: Edge<R>, of: (step: Step<R>, output: number) => Promise<T>): Promise<T> => {
      if (signal.aborted) throw cancelled();
      const steps = this.#stepsOf(edge.vertex);
      for (const step of steps) {
        mine.add(step);
        step.join(builder);
      }
      // From the bottom up: so that no chain of steps is too long for the call stack.
      for (const { inputs, vertex } of steps) {
        for (const [at, input] of inputs.entries()) input.record(vertex.inputs[at]?.output ?? 0).catch(() => {});
      }
      return await unlessAborted(of(steps.at(-1) as Step<R>, edge.output), signal);
    };
    return {
      result: (edge) => ask(edge, (step, output) => step.result(output)),
      record: (edge) => ask(edge, (step, output) => step.record(output)),
      use: (imported) => void imports.push(imported),
      [Symbol.dispose]: end,
    };
  }

  /** The steps of a graph, inputs first. */
  #stepsOf(last: Vertex<R>): readonly Step<R>[] {
    const steps: Step<R>[] = [];
    for (const vertex of inOrder(last)) steps.push(this.#stepOf(vertex));
    return steps;
  }

  /** The steps of the inputs are there. A step over former ones, which failed or were left, is replaced. */
  #stepOf(vertex: Vertex<R>): Step<R> {
    const inputs = vertex.inputs.map((edge) => this.#steps.get(edge.vertex.digest) as Step<R>);
    const known = this.#steps.get(vertex.digest);
    if (known?.inputs.every((input, at) => input === inputs[at]) === true) return known;
    const step: Step<R> = new Step(vertex, {
      lease: this.#deps.cache.open(),
      slots: this.#slots,
      now: this.#deps.now,
      failed: this.#deps.failed,
      running: this.#running,
      inputs,
      forget: (it) => {
        if (this.#steps.get(vertex.digest) === it) this.#steps.delete(vertex.digest);
      },
    });
    this.#steps.set(vertex.digest, step);
    return step;
  }
}

/** Every vertex below one, each once, inputs first. Without recursion. */
export function inOrder<R>(last: Vertex<R>): readonly Vertex<R>[] {
  const done = new Set<Digest>();
  const order: Vertex<R>[] = [];
  const open: { readonly vertex: Vertex<R>; next: number }[] = [{ vertex: last, next: 0 }];
  const seen = new Set<Digest>([last.digest]);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const input = top.vertex.inputs[top.next++]?.vertex;
    if (input === undefined) {
      open.pop();
      if (!done.has(top.vertex.digest)) order.push(top.vertex);
      done.add(top.vertex.digest);
    } else if (!seen.has(input.digest)) {
      seen.add(input.digest);
      open.push({ vertex: input, next: 0 });
    }
  }
  return order;
}
