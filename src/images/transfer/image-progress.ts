import type { Progress } from '../images.ts';
import { humanSize, progressBar } from '../progress.ts';

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
  let shown = { status: '', at: 0, current: -1 };
  return {
    state: (status) => {
      progress({ status, progressDetail: {}, id });
    },
    bar(status, current, total) {
      const now = Date.now();
      const sameBar = shown.status === status;
      if (sameBar && (current === shown.current || (current < total && now - shown.at < INTERVAL_MS))) return;
      shown = { status, at: now, current };
      const bar =
        current > total ? `[${'='.repeat(50)}>] ${humanSize(current).padStart(8)}` : progressBar(current, total);
      progress({ status, progressDetail: { current, total }, progress: bar, id });
    },
  };
}
