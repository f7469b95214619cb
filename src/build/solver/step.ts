import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Slots } from '../../base/slots.ts';
import { fetchImported, firstOf } from './fetch-imported.ts';
import { outputKey, type RecordKey, randomKey, type StepParts } from './keys.ts';
import type { Builder } from './progress.ts';
import type { CacheLease, ImportedResults } from './result-cache.ts';
import { StepProgress } from './step-progress.ts';
import { unlessAborted } from './unless-aborted.ts';
import { type CacheKey, type StepContext, StepError, type Vertex } from './vertex.ts';

export interface StepDeps<R> {
  readonly lease: CacheLease<R>;
  readonly slots: Slots;
  readonly now: () => number;
  /** The steps of the vertex's inputs, in their order. */
  readonly inputs: readonly Step<R>[];
  /** Called when nobody needs the step any more, or when it has failed: the next build starts anew. */
  readonly forget: (step: Step<R>) => void;
  /** Hears why something that a step kept could not be released. */
  readonly failed: (error: unknown) => void;
  /** The steps that run, by their best key. Steps of builds with other contexts have another digest and the same key. */
  readonly running: Map<Digest, Promise<readonly unknown[]>>;
}

/** A build, with the caches that it imports. */
export interface StepBuilder<R> extends Builder {
  readonly imports: readonly ImportedResults<R>[];
}

/**
 * One vertex under way, for every build that needs it. See the README for the algorithm. Each part is computed once, when
 * somebody asks for it.
 */
export class Step<R> {
  readonly vertex: Vertex<R>;
  readonly #deps: StepDeps<R>;
  readonly #abort = new AbortController();
  readonly #builders = new Set<StepBuilder<R>>();
  readonly #progress: StepProgress;
  readonly #kept = new AsyncDisposableStack();
  readonly #records = new Map<number, Promise<Digest>>();
  readonly #results = new Map<number, Promise<R>>();
  #key: Promise<CacheKey<R>> | undefined;
  #inputIds: Promise<readonly Digest[]> | undefined;
  #definition: Promise<StepParts> | undefined;
  #content: Promise<StepParts | undefined> | undefined;
  #made: Promise<readonly Made<R>[]> | undefined;

  constructor(vertex: Vertex<R>, deps: StepDeps<R>) {
    this.vertex = vertex;
    this.#deps = deps;
    const { digest, name, progressGroup } = vertex;
    const inputs = vertex.inputs.map((edge) => edge.vertex.digest);
    this.#progress = new StepProgress({ digest, name, inputs, progressGroup }, this.#builders, deps.now);
  }

  get inputs(): readonly Step<R>[] {
    return this.#deps.inputs;
  }

  /** A further build needs the step. It gets the progress so far. */
  join(builder: StepBuilder<R>): void {
    if (this.#builders.has(builder)) return;
    this.#builders.add(builder);
    this.#progress.replay(builder);
  }

  /** A build does not need the step any more. Without builds the step ends. */
  leave(builder: StepBuilder<R>): void {
    if (!this.#builders.delete(builder) || this.#builders.size > 0) return;
    this.#deps.forget(this);
    this.#abort.abort(new EngineError('cancelled', 'context canceled'));
    // What the step still does may store a result.
    Promise.resolve(this.#made)
      .catch(() => {})
      .then(() => this.#kept.disposeAsync())
      .catch(this.#deps.failed)
      .finally(() => this.#deps.lease[Symbol.dispose]());
  }

  /** Returns the id of an output's record. Runs the step only when the cache does not know it. @throws StepError */
  record(output: number): Promise<Digest> {
    return memo(this.#records, output, () => this.#guarded(() => this.#findRecord(output)));
  }

  /** Returns an output's result. @throws StepError */
  result(output: number): Promise<R> {
    return memo(this.#results, output, () => this.#guarded(() => this.#findResult(output)));
  }

  async #findRecord(output: number): Promise<Digest> {
    const { lease } = this.#deps;
    const definition = outputKey(await this.#definitionKey(), output);
    const { isLazy = false } = await this.#cacheKey();
    if (this.vertex.ignoresCache !== true) {
      const known = this.#find(definition);
      if (known !== undefined) return this.#cached(known);
      if (isLazy) return definition.key;
      const content = await this.#contentKey();
      const same = content && this.#find(outputKey(content, output));
      if (same !== undefined) {
        lease.addKey(same, definition);
        return this.#cached(same);
      }
    }
    return (await this.#outputOf(output)).id;
  }

  async #findResult(output: number): Promise<R> {
    const id = await this.record(output);
    if (this.#made === undefined) {
      const stored = (await this.#deps.lease.load(id)) ?? (await this.#fetch(id, output));
      if (stored !== undefined) return stored;
    }
    return (await this.#outputOf(output)).result;
  }

  #find({ key }: RecordKey): Digest | undefined {
    return this.#deps.lease.find(key) ?? firstOf(this.#imports(), (imported) => imported.find(key));
  }

  #imports(): readonly ImportedResults<R>[] {
    return [...this.#builders].flatMap(({ imports }) => imports);
  }

  /** Takes a result of an imported cache, and stores it. Undefined where that does not succeed: the step runs then. */
  async #fetch(id: Digest, output: number): Promise<R | undefined> {
    const result = await fetchImported(this.#imports(), id, { progress: this.#progress, context: this.#context() });
    if (result === undefined) return undefined;
    const parts = [await this.#definitionKey(), await this.#content].filter((each) => each !== undefined);
    const keys = parts.map((each) => outputKey(each, output));
    const parents = await this.#inputRecords();
    await this.#deps.lease.save({ id, keys, result, description: this.vertex.name, parents });
    return result;
  }

  async #outputOf(output: number): Promise<Made<R>> {
    this.#made ??= this.#run();
    const made = (await this.#made)[output];
    if (made === undefined) throw new Error(`${this.vertex.name} has no output ${output}`);
    return made;
  }

  /** Runs the step, unless another build runs one with the same key: then its outputs are this step's too. */
  async #run(): Promise<readonly Made<R>[]> {
    const inputs = await this.#ofInputs((step, output) => step.result(output));
    const definition = await this.#definitionKey();
    const content = await this.#contentKey();
    const keys = content === undefined ? [definition] : [definition, content];
    if (this.vertex.ignoresCache === true) return this.#runAlone(inputs, keys);
    const { running } = this.#deps;
    const best = outputKey(content ?? definition, 0).key;
    for (let other = running.get(best); other !== undefined; other = running.get(best)) {
      const made = await this.#madeBy(other, keys);
      if (made !== undefined) return made;
    }
    const work = this.#runAlone(inputs, keys);
    running.set(best, work);
    try {
      return await work;
    } finally {
      running.delete(best);
    }
  }

  /** Waits for a step with the same key. Undefined when it failed, or was cancelled. @throws EngineError cancelled */
  async #madeBy(
    other: Promise<readonly unknown[]>,
    keys: readonly StepParts[],
  ): Promise<readonly Made<R>[] | undefined> {
    const { signal } = this.#abort;
    const outputs = await unlessAborted(other, signal).catch(() => undefined);
    if (signal.aborted) throw signal.reason;
    const { lease } = this.#deps;
    const made: Made<R>[] = [];
    for (const output of (outputs ?? []).keys()) {
      const own = keys.map((key) => outputKey(key, output));
      const id = lease.find((own.at(-1) as RecordKey).key);
      const result = id === undefined ? undefined : await lease.load(id);
      if (id === undefined || result === undefined) return undefined;
      for (const key of own) lease.addKey(id, key);
      made.push({ id, keys: own, result });
    }
    if (outputs !== undefined) this.reportCached();
    return outputs === undefined ? undefined : made;
  }

  /** Runs the step, and stores each output: under the id by which it is known already, else under its best key. */
  async #runAlone(inputs: readonly R[], keys: readonly StepParts[]): Promise<readonly Made<R>[]> {
    const { vertex } = this;
    const { lease, slots } = this.#deps;
    let results: readonly R[];
    {
      using _slot = await slots.take(this.#abort.signal);
      results = await this.#progress.during(() => vertex.op.run(inputs, this.#context()));
    }
    const parents = await this.#inputRecords();
    const made = results.map((result, output): Made<R> => {
      const own = keys.map((key) => outputKey(key, output));
      return { result, keys: own, id: this.#idOf(own) };
    });
    for (const { id, keys: own, result } of made) {
      await lease.save({ id, keys: own, result, description: vertex.name, parents });
    }
    return made;
  }

  #idOf(keys: readonly RecordKey[]): Digest {
    if (this.vertex.ignoresCache === true) return randomKey();
    return firstOf(keys, (key) => this.#find(key)) ?? (keys.at(-1) as RecordKey).key;
  }

  #cacheKey(): Promise<CacheKey<R>> {
    this.#key ??= this.#progress
      .during(() => this.vertex.op.cacheKey(this.#context()), { isSilent: true })
      .catch((error: unknown) => Promise.reject(keyError(error)));
    return this.#key;
  }

  #inputRecords(): Promise<readonly Digest[]> {
    this.#inputIds ??= this.#ofInputs((step, output) => step.record(output));
    return this.#inputIds;
  }

  #definitionKey(): Promise<StepParts> {
    this.#definition ??= (async () => {
      const [{ digest }, ids] = await Promise.all([this.#cacheKey(), this.#inputRecords()]);
      return { op: digest, inputs: ids };
    })();
    return this.#definition;
  }

  /** Undefined when the step reads no input by its content. */
  #contentKey(): Promise<StepParts | undefined> {
    this.#content ??= (async () => {
      const { digest, sums = [] } = await this.#cacheKey();
      if (!sums.some((sum) => sum !== undefined)) return undefined;
      const ids = await this.#inputRecords();
      const context = this.#context();
      const parts = await this.#ofInputs(async (step, output, at) => {
        const sum = sums[at];
        if (sum === undefined) return ids[at] as Digest;
        const input = await step.result(output);
        try {
          return await this.#progress.during(() => sum(input, context), { isSilent: true });
        } catch (error) {
          throw new StepError(this.vertex, error, { index: at, result: input });
        }
      });
      return { op: digest, inputs: parts };
    })();
    return this.#content;
  }

  #context(): StepContext {
    return this.#progress.context({ signal: this.#abort.signal, keep: (resource) => this.#keep(resource) });
  }

  #keep(resource: AsyncDisposable): void {
    if (this.#kept.disposed) resource[Symbol.asyncDispose]().then(undefined, this.#deps.failed);
    else this.#kept.use(resource);
  }

  #cached(id: Digest): Digest {
    this.reportCached();
    return id;
  }

  /** Reports the step as cached, with those before it that were not needed, unless it has started. */
  reportCached(): void {
    if (!this.#progress.cached()) return;
    for (const input of this.#deps.inputs) input.reportCached();
  }

  #ofInputs<T>(ask: (step: Step<R>, output: number, at: number) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(this.#deps.inputs.map((step, at) => ask(step, this.vertex.inputs[at]?.output ?? 0, at)));
  }

  /** The first failure is that of this step; that of an input keeps the input's name. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#deps.forget(this);
      throw error instanceof StepError ? error : new StepError(this.vertex, error);
    }
  }
}

interface Made<R> {
  readonly id: Digest;
  readonly keys: readonly RecordKey[];
  readonly result: R;
}

/** As BuildKit, which says when a step failed. */
function keyError(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.kind === 'cancelled') return error;
  return new EngineError(error.kind, `failed to load cache key: ${error.message}`, { cause: error });
}

function memo<T>(known: Map<number, Promise<T>>, key: number, make: () => Promise<T>): Promise<T> {
  let found = known.get(key);
  if (found === undefined) {
    found = make();
    known.set(key, found);
  }
  return found;
}
