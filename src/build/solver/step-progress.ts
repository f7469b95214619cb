import { messageOf } from '../../base/errors.ts';
import type { Builder, Progress, StepStatus, VertexProgress } from './progress.ts';
import type { StepContext } from './vertex.ts';

/** Of a step's output, for builds that join later. */
const KEPT_LOG_BYTES = 256 * 1024;

/** What the clients of a step's builds hear of it. */
export class StepProgress {
  readonly #builders: ReadonlySet<Builder>;
  readonly #now: () => number;
  #vertex: VertexProgress;
  readonly #statuses = new Map<string, Progress>();
  #logs: (Progress & { readonly kind: 'log' })[] = [];
  #logBytes = 0;

  constructor(vertex: VertexProgress, builders: ReadonlySet<Builder>, now: () => number) {
    this.#builders = builders;
    this.#now = now;
    this.#vertex = vertex;
  }

  /** Sends a build everything so far. */
  replay(builder: Builder): void {
    builder.send({ kind: 'vertex', vertex: this.#vertex });
    for (const progress of [...this.#statuses.values(), ...this.#logs]) builder.send(progress);
  }

  /**
   * Reports start and end around the work. Silent work is reported only when it lasts, reports something or fails: what a
   * step finds out before it is known to be cached. `isCached`: the work fetches what a cache has.
   */
  async during<T>(
    work: () => Promise<T>,
    { isSilent = false, isCached = false }: { readonly isSilent?: boolean; readonly isCached?: boolean } = {},
  ): Promise<T> {
    if (!isSilent) this.#start();
    try {
      const result = await work();
      if (this.#vertex.started !== undefined) {
        this.#change({ completed: this.#now(), ...(isCached ? { cached: true } : {}) });
      }
      return result;
    } catch (error) {
      this.#start();
      this.#change({ completed: this.#now(), error: messageOf(error) });
      throw error;
    }
  }

  /** Reports a step that the cache knows. Returns false when it has started, or was reported before. */
  cached(): boolean {
    if (this.#vertex.completed !== undefined || this.#vertex.started !== undefined) return false;
    const at = this.#now();
    this.#change({ started: at, completed: at, cached: true });
    return true;
  }

  context({ signal, keep }: Pick<StepContext, 'signal' | 'keep'>): StepContext {
    const { digest: vertex } = this.#vertex;
    return {
      signal,
      keep,
      builds: () => [...this.#builders].map(({ id }) => id),
      log: (stream, bytes) => {
        this.#start();
        this.#keepLog({ kind: 'log', vertex, stream, bytes, at: this.#now() });
      },
      report: (status) => this.#report(status),
      warn: (warning) => this.#send({ kind: 'warning', vertex, warning }),
    };
  }

  #report(status: StepStatus): void {
    this.#start();
    const progress: Progress = { kind: 'status', vertex: this.#vertex.digest, status: { ...status, at: this.#now() } };
    this.#statuses.set(status.id, progress);
    this.#send(progress);
  }

  #keepLog(log: Progress & { readonly kind: 'log' }): void {
    this.#send(log);
    this.#logs.push(log);
    this.#logBytes += log.bytes.length;
    while (this.#logBytes > KEPT_LOG_BYTES) this.#logBytes -= this.#logs.shift()?.bytes.length ?? this.#logBytes;
  }

  /** A step that goes on after its end, or after it was thought to be cached, starts again. */
  #start(): void {
    const { started, completed, cached } = this.#vertex;
    if (started !== undefined && completed === undefined) return;
    const { digest, name, inputs, progressGroup } = this.#vertex;
    const from = cached === true || started === undefined ? this.#now() : started;
    this.#vertex = { digest, name, inputs, progressGroup, started: from };
    this.#send({ kind: 'vertex', vertex: this.#vertex });
  }

  #change(change: Partial<VertexProgress>): void {
    this.#vertex = { ...this.#vertex, ...change };
    this.#send({ kind: 'vertex', vertex: this.#vertex });
  }

  #send(progress: Progress): void {
    for (const builder of this.#builders) builder.send(progress);
  }
}
