import { humanSize } from '../../base/sizes.ts';
import type { Output } from '../../terminal/index.ts';

const REDRAW_MS = 100;

/** Shows the number of copied bytes in a terminal. */
export function copyProgress(
  err: Output,
  options: { readonly quiet: boolean; readonly to: 'container' | 'here' },
): { onBytes(count: number): void; done(target: string): void } {
  const from = options.to === 'container' ? 'Copying to container' : 'Copying from container';
  let total = 0;
  let drawn = Date.now();
  return {
    onBytes(count) {
      total += count;
      if (options.quiet || Date.now() - drawn < REDRAW_MS) return;
      drawn = Date.now();
      err.write(`\r\x1b[2K${from} - ${humanSize(total, 3)}`);
    },
    done(target) {
      if (!options.quiet) err.write(`\r\x1b[2KSuccessfully copied ${humanSize(total, 3)} to ${target}\n`);
    },
  };
}
