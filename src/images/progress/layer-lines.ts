import { humanSize, progressBar } from './load-line.ts';
import type { Progress } from './progress.ts';

/** Shortest interval between two bars of one layer, as in dockerd. */
const INTERVAL_MS = 100;

/** The lines of one layer in a pull or push, in dockerd's spelling (moby, pkg/streamformatter). */
export interface LayerLines {
  /** `Pulling fs layer`, `Pushed`: a state without a bar. */
  state(status: string): void;
  /** Sends a bar, at most as often as a terminal can show it, but always the first and the full one. */
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

/** The bars of one operation. A negative total means that it is unknown. Every line includes `extra`. */
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
