import { humanSize, progressBar } from './load-line.ts';
import type { Progress } from './progress.ts';

/** Time between two bars of one layer, as dockerd has it. */
const INTERVAL_MS = 100;

/** The lines of one layer in a pull or push, in dockerd's spelling (moby, pkg/streamformatter). */
export interface LayerLines {
  /** `Pulling fs layer`, `Pushed`: a state without a bar. */
  state(status: string): void;
  /** A bar; not more often than a terminal can show, but always the first and the full one. */
  bar(status: string, current: number, total: number): void;
}

export function layerLines(id: string, progress: Progress): LayerLines {
  const bar = barLines(progress, { id });
  return {
    state: (status) => {
      progress({ status, progressDetail: {}, id });
    },
    bar,
  };
}

/** Bars of one operation, without an end where the total is negative. `extra` goes into every line. */
export function barLines(
  progress: Progress,
  extra: Readonly<Record<string, unknown>> = {},
): (status: string, current: number, total: number) => void {
  let shown = { status: '', at: 0, current: -1 };
  return (status, current, total) => {
    const now = Date.now();
    const sameBar = shown.status === status;
    if (sameBar && (current === shown.current || (current !== total && now - shown.at < INTERVAL_MS))) return;
    shown = { status, at: now, current };
    progress({ status, progressDetail: { current, total }, progress: barText(current, total), ...extra });
  };
}

function barText(current: number, total: number): string {
  const size = humanSize(current).padStart(8);
  if (total < 0) return size;
  return current > total ? `[${'='.repeat(50)}>] ${size}` : progressBar(current, total);
}
