import { EngineError } from '../../base/errors.ts';
import { humanSize } from '../format/units.ts';
import type { Output } from '../output.ts';

/** A line of the engine's progress streams (pull, load, import). */
export interface ProgressMessage {
  readonly status?: string;
  readonly id?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string; readonly code?: number };
}

/**
 * Draws a progress stream: in a terminal one line per layer that is drawn over, else plain lines without the
 * in-between states. Without `out` only failures matter. @throws EngineError what the engine reports
 */
export async function drawProgress(messages: AsyncIterable<unknown>, out: Output | undefined): Promise<void> {
  const terminal = out?.isTerminal === true;
  const rows = new Map<string, number>();
  let drawn = 0;
  for await (const each of messages) {
    const message = each as ProgressMessage;
    const fault = message.errorDetail?.message ?? message.error;
    if (fault !== undefined) throw new EngineError('internal', fault);
    if (out === undefined) continue;
    // What is meant for programs alone.
    if (message.status === undefined && message.stream === undefined) continue;
    const bar = message.progressDetail?.total !== undefined || message.progressDetail?.current !== undefined;
    if (!terminal) {
      if (!bar)
        out.write(
          message.stream ??
            `${message.id === undefined || message.id === '' ? '' : `${message.id}: `}${message.status ?? ''}\n`,
        );
      continue;
    }
    if (message.stream !== undefined) {
      out.write(message.stream);
      rows.clear();
      continue;
    }
    if (message.id === undefined || message.id === '') {
      out.line(message.status ?? '');
      rows.clear();
      drawn = 0;
      continue;
    }
    let row = rows.get(message.id);
    if (row === undefined) {
      row = drawn++;
      rows.set(message.id, row);
      out.write('\n');
    }
    const up = drawn - row;
    out.write(
      `\x1b[${up}A\x1b[2K\r${message.id}: ${message.status ?? ''}${bar ? ` ${drawBar(message.progressDetail)}` : ''}\x1b[${up}B\r`,
    );
  }
}

const BAR_WIDTH = 50;

function drawBar(detail: ProgressMessage['progressDetail']): string {
  const { current = 0, total = 0 } = detail ?? {};
  if (total <= 0) return humanSize(current);
  const done = Math.min(BAR_WIDTH, Math.floor((current / total) * BAR_WIDTH));
  const arrow = done < BAR_WIDTH ? '>' : '';
  return `[${'='.repeat(done)}${arrow}${' '.repeat(Math.max(0, BAR_WIDTH - done - 1))}]  ${humanSize(Math.min(current, total))}/${humanSize(total)}`;
}
