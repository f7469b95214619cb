import { EngineError } from '../base/errors.ts';
import type { ProgressMessage } from '../client/index.ts';
import type { Output } from './output.ts';
import { ProgressScreen } from './progress-screen.ts';
import { terminalSize } from './raw-terminal.ts';

/**
 * Draws a progress stream: in a terminal bars, rates and totals, else plain lines without intermediate states. Without
 * `out` only failures are reported. @throws EngineError the engine's error
 */
export async function drawProgress(messages: AsyncIterable<ProgressMessage>, out: Output | undefined): Promise<void> {
  const draw = out?.isTerminal === true ? onScreen(out) : inLines(out);
  try {
    for await (const message of messages) {
      const fault = message.errorDetail?.message ?? message.error;
      if (fault !== undefined) throw new EngineError('internal', fault);
      // A message with neither field is for programs only.
      if (message.status !== undefined || message.stream !== undefined) draw.show(message);
    }
  } finally {
    draw.end();
  }
}

interface Drawing {
  show(message: ProgressMessage): void;
  end(): void;
}

function inLines(out: Output | undefined): Drawing {
  return {
    show({ status = '', id = '', stream, progressDetail }) {
      if (progressDetail?.total !== undefined || progressDetail?.current !== undefined) return;
      out?.write(stream ?? `${id === '' ? '' : `${id}: `}${status}\n`);
    },
    end() {},
  };
}

function onScreen(out: Output): Drawing {
  const deps = {
    write: (text: string) => out.write(text),
    size: () => terminalSize() ?? { rows: 24, columns: 80 },
    now: () => performance.now(),
  };
  let screen: ProgressScreen | undefined;
  const end = (): void => {
    screen?.end();
    screen = undefined;
  };
  return {
    show({ status = '', id = '', stream, progressDetail }) {
      if (stream === undefined && id !== '') {
        screen ??= new ProgressScreen(deps);
        screen.update(id, status, progressDetail);
        return;
      }
      // The message gets a line of its own, below the bars.
      end();
      out.write(stream ?? `${status}\n`);
    },
    end,
  };
}
