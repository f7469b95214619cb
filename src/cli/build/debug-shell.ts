import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { FailedStep } from '../../client/index.ts';
import { followSize, rawTerminal } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import type { BuildProgress } from './progress/open-progress.ts';

const STATUS_WAIT_MS = 200;

/** Opens a shell in this terminal on what a failed step saw before it ran. Its end ends the build. Never throws. */
export async function debugShell(cli: Cli, step: FailedStep, progress: Pick<BuildProgress, 'end'>): Promise<void> {
  // The status of the step comes on another call.
  await sleep(STATUS_WAIT_MS);
  progress.end();
  cli.err.line('A shell in the state before the step that failed. Leave it with `exit`.');
  using _raw = rawTerminal();
  try {
    await step.shell({
      write: (bytes) => cli.out.write(bytes),
      onInput(listener) {
        process.stdin.on('data', listener);
        return {
          [Symbol.dispose]() {
            process.stdin.off('data', listener);
            process.stdin.pause();
          },
        };
      },
      follow: (resize) => followSize(resize),
    });
  } catch (error) {
    cli.err.line(`The shell could not be opened: ${messageOf(error)}`);
  }
}
