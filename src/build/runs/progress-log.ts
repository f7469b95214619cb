import type { Digest } from '../../base/ids.ts';
import type { Progress, VertexProgress } from '../solver/index.ts';

type StatusProgress = Progress & { readonly kind: 'status' };

/** Output of a step that is kept, as BuildKit's default. */
const STEP_LOG_BYTES = 2 << 20;
const CLIPPED = Buffer.from('\n[output clipped, log limit 2MiB reached]\n');

/**
 * What a build tells its clients, from its first step to its end. Any number of readers follow it, each at its own pace and
 * from the start. A later state of a part of a step takes the place of the earlier one, so that the log stays small.
 */
export class ProgressLog {
  readonly #entries: (Progress | undefined)[] = [];
  readonly #statuses = new Map<string, number>();
  readonly #vertices = new Map<Digest, VertexProgress>();
  /** Parts that are under way, by their steps and ids. */
  readonly #open = new Map<Digest, Map<string, StatusProgress>>();
  readonly #logBytes = new Map<Digest, number>();
  #warnings = 0;
  #isEnded = false;
  #changed = Promise.withResolvers<void>();

  /** Ignored after the end. */
  add(progress: Progress): void {
    if (this.#isEnded) return;
    if (progress.kind === 'log') {
      this.#addLog(progress);
      return;
    }
    if (progress.kind === 'vertex') {
      this.#addVertex(progress.vertex);
      return;
    }
    if (progress.kind === 'warning') this.#warnings += 1;
    if (progress.kind === 'status') this.#addStatus(progress);
    else this.#push(progress);
  }

  /** Completes what is still under way, and ends every reader when it has read all. */
  end(at: number): void {
    if (this.#isEnded) return;
    for (const vertex of this.#vertices.values()) {
      if (vertex.started === undefined || vertex.completed !== undefined) continue;
      this.#addVertex({ ...vertex, completed: at, error: 'context canceled' });
    }
    this.#isEnded = true;
    this.#changed.resolve();
  }

  /** Everything from the start, in pieces as it comes. Ends with the build, or with the signal. */
  async *read(signal: AbortSignal): AsyncGenerator<readonly Progress[], void, undefined> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    for (let next = 0; !signal.aborted; ) {
      const pieces = this.#entries.slice(next).filter((entry) => entry !== undefined);
      next = this.#entries.length;
      if (pieces.length > 0) yield pieces;
      else if (this.#isEnded) return;
      else await Promise.race([this.#changed.promise, aborted]);
    }
  }

  get counts(): {
    readonly total: number;
    readonly completed: number;
    readonly cached: number;
    readonly warnings: number;
  } {
    const vertices = [...this.#vertices.values()];
    return {
      total: vertices.length,
      completed: vertices.filter(({ completed }) => completed !== undefined).length,
      cached: vertices.filter(({ cached }) => cached === true).length,
      warnings: this.#warnings,
    };
  }

  #addVertex(vertex: VertexProgress): void {
    this.#vertices.set(vertex.digest, vertex);
    if (vertex.completed !== undefined) this.#completeParts(vertex.digest, vertex.completed);
    this.#push({ kind: 'vertex', vertex });
  }

  #addStatus(progress: StatusProgress): void {
    const { id, completed } = progress.status;
    const part = `${progress.vertex} ${id}`;
    const earlier = this.#statuses.get(part);
    if (earlier !== undefined) this.#entries[earlier] = undefined;
    this.#statuses.set(part, this.#entries.length);
    const open = this.#open.get(progress.vertex) ?? new Map<string, StatusProgress>();
    if (completed === undefined) open.set(id, progress);
    else open.delete(id);
    this.#open.set(progress.vertex, open);
    this.#push(progress);
  }

  /** A part that did not end would hide the error of its step: clients print that once no part is under way. */
  #completeParts(vertex: Digest, completed: number): void {
    for (const part of this.#open.get(vertex)?.values() ?? []) {
      this.#addStatus({ ...part, status: { ...part.status, at: completed, completed } });
    }
    this.#open.delete(vertex);
  }

  #addLog(log: Progress & { readonly kind: 'log' }): void {
    const before = this.#logBytes.get(log.vertex) ?? 0;
    if (before > STEP_LOG_BYTES) return;
    const after = before + log.bytes.length;
    this.#logBytes.set(log.vertex, after);
    const bytes = after > STEP_LOG_BYTES ? log.bytes.subarray(0, STEP_LOG_BYTES - before) : log.bytes;
    this.#push({ ...log, bytes });
    if (after > STEP_LOG_BYTES) this.#push({ ...log, bytes: CLIPPED });
  }

  #push(progress: Progress): void {
    this.#entries.push(progress);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
