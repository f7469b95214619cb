import { humanSize } from '../base/sizes.ts';
import { TransferRate } from './transfer-rate.ts';

export interface ProgressBar {
  readonly current?: number;
  readonly total?: number;
}

export interface ScreenDeps {
  write(text: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /** Milliseconds. */
  now(): number;
}

interface Row {
  readonly id: string;
  status: string;
  bar: ProgressBar | undefined;
  /** Transferred bytes, and the total. */
  moved: number;
  total: number;
  rate: TransferRate;
}

const DRAW_MILLISECONDS = 100;
const REDRAW_MILLISECONDS = 1000;
const BAR_WIDTH_MAX = 50;
const BAR_WIDTH_MIN = 10;
/** Width for most sizes with a rate. A bar whose length varies with them would flicker. */
const TAIL_WIDTH = 24;
/** States whose bars count bytes on the network. */
const TRANSFERS: ReadonlySet<string> = new Set(['Downloading', 'Pushing']);

/**
 * The part of a terminal that is redrawn: a line per layer with bar and rate, and a line of totals. Lines never wrap.
 * When there are more lines than rows, the active ones are shown. Usage: several `update`s, then one `end`.
 */
export class ProgressScreen {
  readonly #deps: ScreenDeps;
  readonly #rows = new Map<string, Row>();
  readonly #rate = new TransferRate();
  readonly #timer: NodeJS.Timeout;
  /** The times of the first and the last transferred byte. */
  #span: { readonly from: number; to: number } | undefined;
  #drawnLines = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #dirty = false;

  constructor(deps: ScreenDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => {
      if (this.#dirty || deps.now() - this.#drawnAt >= REDRAW_MILLISECONDS) this.#draw();
    }, DRAW_MILLISECONDS);
    this.#timer.unref();
  }

  update(id: string, status: string, bar: ProgressBar | undefined): void {
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = { id, status, bar, moved: 0, total: 0, rate: new TransferRate() };
      this.#rows.set(id, row);
    }
    row.status = status;
    row.bar = bar?.total === undefined && bar?.current === undefined ? undefined : bar;
    if (TRANSFERS.has(status)) this.#count(row, bar);
    else if (row.total > 0) row.moved = row.total;
    this.#dirty = true;
    if (this.#deps.now() - this.#drawnAt >= DRAW_MILLISECONDS) this.#draw();
  }

  /** Draws every line for the last time, with the totals of the transfer. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#rows.size === 0) return;
    const lines = [...this.#rows.values()].map((row) => this.#line(row));
    const { bytes } = this.#moved();
    if (this.#span !== undefined && bytes > 0) {
      const seconds = Math.max(this.#span.to - this.#span.from, 1) / 1000;
      const rate = humanSize(bytes / seconds, 3);
      lines.push(this.#clip(`Total: ${humanSize(bytes)} in ${seconds.toFixed(1)}s, ${rate}/s`));
    }
    this.#replace(lines);
    this.#drawnLines = 0;
    this.#rows.clear();
  }

  #count(row: Row, bar: ProgressBar | undefined): void {
    const now = this.#deps.now();
    row.moved = Math.max(row.moved, bar?.current ?? 0);
    row.total = Math.max(bar?.total ?? 0, row.moved);
    row.rate.add(now, row.moved);
    const { bytes } = this.#moved();
    this.#rate.add(now, bytes);
    this.#span ??= { from: now, to: now };
    this.#span.to = now;
  }

  #moved(): { readonly bytes: number; readonly total: number } {
    let [bytes, total] = [0, 0];
    for (const row of this.#rows.values()) {
      bytes += row.moved;
      total += row.total;
    }
    return { bytes, total };
  }

  #draw(): void {
    this.#dirty = false;
    this.#drawnAt = this.#deps.now();
    const rows = [...this.#rows.values()];
    if (rows.length === 0) return;
    const room = Math.max(this.#deps.size().rows - 3, 1);
    const shown = rows.length <= room ? rows : busiest(rows, room);
    const lines = shown.map((row) => this.#line(row));
    if (shown.length < rows.length) lines.push(this.#clip(`... and ${rows.length - shown.length} more`));
    const { bytes, total } = this.#moved();
    if (total > 0) {
      const rate = this.#rate.perSecond(this.#drawnAt);
      const speed = rate === undefined ? '' : `  ${humanSize(rate, 3)}/s`;
      lines.push(this.#clip(`Total: ${humanSize(bytes)}/${humanSize(total)}${speed}`));
    }
    this.#replace(lines);
    this.#drawnLines = lines.length;
  }

  #replace(lines: readonly string[]): void {
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : '';
    this.#deps.write(`${up}\r${lines.map((line) => `\x1b[2K${line}\n`).join('')}\x1b[J`);
  }

  #line({ id, status, bar, rate }: Row): string {
    const head = `${id}: ${status}`;
    if (bar === undefined) return this.#clip(head);
    const { current = 0, total = 0 } = bar;
    const speed = TRANSFERS.has(status) ? rate.perSecond(this.#deps.now()) : undefined;
    const tail = `${total > 0 ? `${humanSize(Math.min(current, total))}/${humanSize(total)}` : humanSize(current)}${speed === undefined ? '' : `  ${humanSize(speed, 3)}/s`}`;
    const room = this.#deps.size().columns - head.length - Math.max(tail.length, TAIL_WIDTH) - 7;
    if (total <= 0 || room < BAR_WIDTH_MIN) return this.#clip(`${head} ${tail}`);
    return this.#clip(`${head} ${drawBar(current, total, Math.min(room, BAR_WIDTH_MAX))}  ${tail}`);
  }

  /** Clips a line to the width: a wrapped line would take two rows, and the next redraw would miss one. */
  #clip(line: string): string {
    return line.slice(0, Math.max(this.#deps.size().columns - 1, 1));
  }
}

/** The rows that fit, in their order: rows with bars take precedence, then the latest. */
function busiest(rows: readonly Row[], room: number): readonly Row[] {
  const ranked = rows.toReversed().sort((a, b) => Number(b.bar !== undefined) - Number(a.bar !== undefined));
  const kept = new Set(ranked.slice(0, room));
  return rows.filter((row) => kept.has(row));
}

function drawBar(current: number, total: number, width: number): string {
  const done = Math.min(width, Math.floor((current / total) * width));
  const arrow = done < width ? '>' : '';
  return `[${'='.repeat(done)}${arrow}${' '.repeat(Math.max(0, width - done - 1))}]`;
}
