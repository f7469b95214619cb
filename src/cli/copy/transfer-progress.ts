import type { Cli } from '../cli.ts';
import { humanSize } from '../format/units.ts';

const REDRAW_MS = 100;

/** Counts the bytes of a copy and, in a terminal, shows how many went by. */
export function counted(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  cli: Cli,
  options: { readonly quiet: boolean; readonly to: 'container' | 'here' },
): { readonly bytes: AsyncIterable<Uint8Array>; done(target: string): void } {
  const from = options.to === 'container' ? 'Copying to container' : 'Copying from container';
  let count = 0;
  let drawn = Date.now();
  async function* counting(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      count += chunk.length;
      if (!options.quiet && Date.now() - drawn >= REDRAW_MS) {
        drawn = Date.now();
        cli.err.write(`\r\x1b[2K${from} - ${humanSize(count, 3)}`);
      }
      yield chunk;
    }
  }
  return {
    bytes: counting(),
    done(target) {
      if (!options.quiet) cli.err.write(`\r\x1b[2KSuccessfully copied ${humanSize(count, 3)} to ${target}\n`);
    },
  };
}
