import type { BuildStatus, Vertex, VertexStatus } from '../../../client/index.ts';

type Timestamp = NonNullable<Vertex['started']>;

/** A line of a step's output. The last one of a step may be incomplete. */
export interface LogLine {
  readonly seconds: number;
  text: string;
  isComplete: boolean;
}

/** One step of a build, as far as it is known. */
export interface Step {
  readonly number: number;
  vertex: Vertex;
  /** Seconds since 1970 of each run, by its beginning: a step may begin several times. */
  readonly runs: Map<number, number | undefined>;
  readonly statuses: Map<string, VertexStatus>;
  readonly log: LogLine[];
  readonly warnings: string[];
}

/** Lines that are kept of each step. Printers have printed the others. */
const LOG_LINES_MAX = 2000;

/** What a build has done so far, in the order in which its steps were seen. */
export class StepModel {
  readonly steps: Step[] = [];
  readonly warnings: BuildStatus['warnings'][number][] = [];
  readonly #byDigest = new Map<string, Step>();

  /** Takes a message of the builder. Returns the steps that have changed. */
  take(status: BuildStatus): ReadonlySet<Step> {
    const changed = new Set<Step>();
    for (const vertex of status.vertexes) changed.add(this.#vertex(vertex));
    for (const each of status.statuses) {
      const step = this.#byDigest.get(each.vertex);
      step?.statuses.set(each.ID, each);
      if (step !== undefined) changed.add(step);
    }
    for (const { vertex, msg, timestamp } of status.logs) {
      const step = this.#byDigest.get(vertex);
      if (step === undefined) continue;
      addLog(step, msg.toString(), secondsOf(timestamp) - startOf(step));
      changed.add(step);
    }
    for (const warning of status.warnings) {
      this.warnings.push(warning);
      const step = this.#byDigest.get(warning.vertex);
      step?.warnings.push(warning.short.toString());
      if (step !== undefined) changed.add(step);
    }
    return changed;
  }

  #vertex(vertex: Vertex): Step {
    let step = this.#byDigest.get(vertex.digest);
    if (step === undefined) {
      const [runs, statuses] = [new Map<number, number | undefined>(), new Map<string, VertexStatus>()];
      step = { number: 0, vertex, runs, statuses, log: [], warnings: [] };
      this.#byDigest.set(vertex.digest, step);
    }
    const known = step;
    known.vertex = vertex;
    if (vertex.started === undefined) return known;
    known.runs.set(secondsOf(vertex.started), vertex.completed === undefined ? undefined : secondsOf(vertex.completed));
    if (known.number === 0) {
      (known as { number: number }).number = this.steps.length + 1;
      this.steps.push(known);
    }
    return known;
  }
}

function addLog(step: Step, text: string, seconds: number): void {
  const parts = text.split('\n');
  for (const [at, part] of parts.entries()) {
    const isLast = at === parts.length - 1;
    const open = step.log.at(-1);
    if (open !== undefined && !open.isComplete) {
      open.text += part;
      open.isComplete = !isLast;
    } else if (!isLast || part !== '') step.log.push({ seconds, text: part, isComplete: !isLast });
  }
  if (step.log.length > LOG_LINES_MAX) step.log.splice(0, step.log.length - LOG_LINES_MAX);
}

export function isRunning({ vertex }: Step): boolean {
  return vertex.started !== undefined && vertex.completed === undefined;
}

/** Whether a step failed because the build was given up. */
export function isCancelled({ vertex }: Step): boolean {
  return vertex.error.endsWith('context canceled');
}

/** Seconds that a step has taken in all its runs. */
export function durationOf({ runs }: Step, nowSeconds: number): number {
  let total = 0;
  for (const [from, to] of runs) total += Math.max(0, (to ?? nowSeconds) - from);
  return total;
}

function startOf({ runs }: Step): number {
  return Math.min(...runs.keys());
}

export function secondsOf(time: Timestamp | undefined): number {
  return time === undefined ? 0 : time.seconds + time.nanos / 1e9;
}
