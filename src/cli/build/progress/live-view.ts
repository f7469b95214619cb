import type { BuildStatus } from '../../../client/index.ts';
import { statusLine } from './plain-printer.ts';
import { durationOf, isCancelled, isRunning, type Step, StepModel } from './step-model.ts';

export interface LiveScreen {
  write(text: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /** Seconds since 1970. */
  now(): number;
}

const DRAW_MILLISECONDS = 100;
/** Last lines of the output of a running step. */
const LOG_LINES = 6;

interface Row {
  readonly text: string;
  readonly seconds: number | undefined;
  readonly style: string;
}

const BLUE = '\x1b[34m';
const RED = '\x1b[31m';
const FAINT = '\x1b[2m';
const PLAIN = '\x1b[0m';

/** The steps of a build in a terminal, redrawn in place: times, counters, the last lines of running steps. */
export class LiveView {
  readonly model = new StepModel();
  readonly #screen: LiveScreen;
  readonly #begin: number;
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(screen: LiveScreen) {
    this.#screen = screen;
    this.#begin = screen.now();
    this.#timer = setInterval(() => this.#draw(false), DRAW_MILLISECONDS);
    this.#timer.unref();
  }

  take(status: BuildStatus): void {
    this.model.take(status);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#draw(true);
  }

  #draw(isEnd: boolean): void {
    const { rows, columns } = this.#screen.size();
    const now = this.#screen.now();
    const { steps } = this.model;
    const done = steps.filter((step) => step.vertex.completed !== undefined).length;
    const state = isEnd ? endOf(steps) : '';
    const head = `[+] Building ${(now - this.#begin).toFixed(1)}s (${done}/${steps.length})${state === '' ? '' : ` ${state}`}`;
    const all = steps.flatMap((step) => [...this.#rows(step, now, isEnd)]);
    const room = Math.max(rows - 2, 1);
    const shown = isEnd || all.length <= room ? all : all.slice(-room);
    const lines = [head, ...shown.map((row) => format(row, columns))];
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    this.#screen.write(`\x1b[?25l${up}\r${lines.map((line) => `\x1b[2K${line}\n`).join('')}\x1b[J\x1b[?25h`);
    this.#drawn = lines.length;
  }

  *#rows(step: Step, now: number, isEnd: boolean): Generator<Row> {
    const { vertex } = step;
    const isFailed = vertex.error !== '';
    const mark = vertex.cached ? 'CACHED ' : isFailed ? (isCancelled(step) ? 'CANCELED ' : 'ERROR ') : '';
    const style = isFailed ? RED : vertex.completed === undefined ? '' : BLUE;
    yield { text: ` => ${mark}${vertex.name}`, seconds: durationOf(step, now), style };
    for (const status of step.statuses.values()) {
      if (isRunning(step) || isEnd) yield { text: ` => => ${statusLine(status)}`, seconds: undefined, style };
    }
    if (!isRunning(step) || isEnd) return;
    for (const { text } of step.log.slice(-LOG_LINES)) {
      yield { text: ` => => # ${printable(text)}`, seconds: undefined, style: FAINT };
    }
  }
}

function endOf(steps: readonly Step[]): string {
  if (steps.some((step) => step.vertex.error !== '' && !isCancelled(step))) return 'ERROR';
  return steps.some((step) => isRunning(step) || isCancelled(step)) ? 'CANCELED' : 'FINISHED';
}

function format({ text, seconds, style }: Row, columns: number): string {
  const time = seconds === undefined ? '' : `${seconds.toFixed(1)}s`;
  const width = Math.max(columns - 1 - time.length, 1);
  const line = `${text.slice(0, width - 1).padEnd(time === '' ? 0 : width)}${time}`;
  return style === '' ? line : `${style}${line}${PLAIN}`;
}

/** Escapes would move the cursor. The last part after a carriage return is what a terminal would show. */
function printable(text: string): string {
  const last = text.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
  return last.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replace(/[\x00-\x1f\x7f]/g, ' ');
}
