import { humanSize } from '../../../base/sizes.ts';
import type { BuildStatus, VertexStatus } from '../../../client/index.ts';
import { durationOf, isCancelled, isRunning, type Step, StepModel, secondsOf } from './step-model.ts';

/** How long one step keeps the output while others wait, and how often its counters are told. */
const SWITCH_SECONDS = 5;
/** What comes within this time is printed together: a step that begins again at once has not ended. */
const TOGETHER_MILLISECONDS = 100;

interface Printed {
  /** Lines of the log, those that were dropped included. */
  lines: number;
  warnings: number;
  /** When each counter was told. Infinity once it is complete. */
  readonly statuses: Map<string, number>;
  end: string;
}

/** Prints the steps of a build as lines, `#3 [2/4] RUN make`, as buildx does without a terminal. */
export class PlainPrinter {
  readonly model = new StepModel();
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #printed = new Map<Step, Printed>();
  readonly #waiting = new Set<Step>();
  #current: Step | undefined;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `now` in seconds since 1970. */
  constructor(write: (text: string) => void, now: () => number = () => Date.now() / 1000) {
    this.#write = write;
    this.#now = now;
  }

  take(status: BuildStatus): void {
    for (const step of this.model.take(status)) if (step.number > 0) this.#waiting.add(step);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flush(false);
    }, TOGETHER_MILLISECONDS);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#flush(true);
    // Of a build that was given up the end is not heard of.
    for (const step of this.model.steps) if (isRunning(step)) this.#write(`#${step.number} CANCELED\n`);
  }

  #flush(isEnd: boolean): void {
    const current = this.#current;
    if (current !== undefined && this.#waiting.has(current)) this.#print(current);
    for (const step of [...this.#waiting].sort((a, b) => a.number - b.number)) {
      if (!isRunning(step) || isEnd) this.#print(step);
    }
    const shown = this.#current;
    const keeps = shown !== undefined && isRunning(shown) && this.#now() - this.#since < SWITCH_SECONDS;
    const [next] = this.#waiting;
    if (!keeps && next !== undefined) this.#print(next);
  }

  #print(step: Step): void {
    this.#waiting.delete(step);
    const printed = this.#printed.get(step) ?? { lines: 0, warnings: 0, statuses: new Map(), end: '' };
    const lines = [...this.#news(step, printed)];
    const isFirst = !this.#printed.has(step);
    if (lines.length === 0 && !isFirst) return;
    this.#printed.set(step, printed);
    if (this.#current !== step) this.#switchTo(step);
    for (const line of lines) this.#write(`#${step.number} ${line}\n`);
  }

  #switchTo(step: Step): void {
    const before = this.#current;
    if (before !== undefined && isRunning(before)) this.#write(`#${before.number} ...\n`);
    this.#write(`\n#${step.number} ${step.vertex.name}\n`);
    this.#current = step;
    this.#since = this.#now();
  }

  *#news(step: Step, printed: Printed): Generator<string> {
    for (const [id, status] of step.statuses) {
      const told = printed.statuses.get(id) ?? secondsOf(status.started);
      const isComplete = status.completed !== undefined;
      if (told === Number.POSITIVE_INFINITY || (!isComplete && this.#now() - told < SWITCH_SECONDS)) continue;
      printed.statuses.set(id, isComplete ? Number.POSITIVE_INFINITY : this.#now());
      yield statusLine(status);
    }
    for (; printed.warnings < step.warnings.length; printed.warnings += 1)
      yield `WARN: ${step.warnings[printed.warnings]}`;
    const isOver = step.vertex.completed !== undefined;
    for (; printed.lines < step.log.length; printed.lines += 1) {
      const line = step.log[printed.lines];
      if (line === undefined || (!line.isComplete && !isOver)) break;
      yield `${timeColumn(line.seconds)} ${line.text.replace(/\r$/, '')}`;
    }
    const end = endOf(step, this.#now());
    if (end !== '' && end !== printed.end) yield end;
    printed.end = end;
  }
}

function endOf(step: Step, now: number): string {
  const { vertex } = step;
  if (vertex.completed === undefined) return '';
  if (vertex.error !== '') return isCancelled(step) ? 'CANCELED' : `ERROR: ${vertex.error}`;
  return vertex.cached ? 'CACHED' : `DONE ${durationOf(step, now).toFixed(1)}s`;
}

/** `transferring context: 34B 0.1s done`. */
export function statusLine({ ID: id, current, total, started, completed, timestamp }: VertexStatus): string {
  const amount =
    total > 0 ? ` ${humanSize(current, 3)} / ${humanSize(total, 3)}` : current > 0 ? ` ${humanSize(current, 3)}` : '';
  const seconds = started === undefined ? 0 : secondsOf(completed ?? timestamp) - secondsOf(started);
  const time = seconds >= 0.05 ? ` ${seconds.toFixed(1)}s` : '';
  return `${id}${amount}${time}${completed === undefined ? '' : ' done'}`;
}

/** Five characters: `0.860`, `12.34`. */
export function timeColumn(seconds: number): string {
  const shown = Math.max(0, seconds);
  const digits = shown >= 1000 ? 0 : shown >= 100 ? 1 : shown >= 10 ? 2 : 3;
  return shown.toFixed(digits).padEnd(5, '.').slice(0, 5);
}
