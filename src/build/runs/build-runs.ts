import { EngineError } from '../../base/errors.ts';
import type { RunningBuilds } from '../builds.ts';
import { BuildRun, type RunDeps, type RunRequest } from './build-run.ts';
import type { ProgressLog } from './progress-log.ts';
import { WaitingMap } from './waiting-map.ts';

/** A client may ask for the progress of a build that has just ended. */
const ENDED_KEPT_MS = 10_000;

/** The builds under way, by their ids, and for some seconds those that have ended. */
export class BuildRuns {
  readonly #deps: RunDeps;
  readonly #runs = new WaitingMap<BuildRun>();
  readonly #ended = new Map<string, ProgressLog>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(deps: RunDeps) {
    this.#deps = deps;
  }

  get running(): RunningBuilds {
    return this.#runs.values;
  }

  /** Begins a build, for which `close` must be called. @throws EngineError conflict */
  open(request: RunRequest, signal: AbortSignal): BuildRun {
    if (this.#runs.values.has(request.id)) throw new EngineError('conflict', `job ID ${request.id} exists`);
    const run = new BuildRun(this.#deps, request, signal);
    this.#runs.set(request.id, run);
    return run;
  }

  /** Ends a build, whose progress stays readable for some seconds. */
  close(run: BuildRun): void {
    run[Symbol.dispose]();
    this.#runs.delete(run.id);
    this.#ended.set(run.id, run.progress);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#ended.get(run.id) === run.progress) this.#ended.delete(run.id);
    }, ENDED_KEPT_MS);
    this.#timers.add(timer.unref());
  }

  /** Returns a build under way, also one that begins within the time. @throws EngineError notFound */
  async wait(id: string, milliseconds: number, signal: AbortSignal): Promise<BuildRun> {
    const run = await this.#runs.wait(id, milliseconds, signal);
    if (run === undefined) throw new EngineError('notFound', `no such job ${id}`);
    return run;
  }

  /** The progress of a build that {@link wait} returns, or that has just ended. */
  async progress(id: string, milliseconds: number, signal: AbortSignal): Promise<ProgressLog> {
    const known = this.#runs.values.get(id)?.progress ?? this.#ended.get(id);
    return known ?? (await this.wait(id, milliseconds, signal)).progress;
  }

  cancel(id: string): void {
    this.#runs.values.get(id)?.cancel();
  }

  [Symbol.dispose](): void {
    for (const run of this.#runs.values.values()) run.cancel();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#ended.clear();
  }
}
