import { humanSize } from '../../base/sizes.ts';
import { exportVolume } from '../../client/index.ts';
import type { Output } from '../../terminal/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { checkOutputFile, writeOutputFile } from '../output-file.ts';

const REDRAW_MS = 100;

export const exportCommand: Command = {
  usage: '[OPTIONS] VOLUME',
  args: exactly(1),
  examples: ['volume export -o data.tar data', 'volume export data | gzip > data.tar.gz'],
  details:
    'Writes owners, modes, links, extended attributes and the holes of sparse files. While containers write to the volume, the archive is what a crash of them would leave.',
  flags: [
    flag('-o, --output', 'string', 'Write to a file instead of standard output'),
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
  ],
  async run(cli, [name = ''], flags) {
    const path = flags.string('output');
    if (path === '' && cli.out.isTerminal)
      throw new CliError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (path !== '') await checkOutputFile(path, 'failed to export volume');
    const archive = await exportVolume(cli.client, name);
    const shown = flags.bool('quiet') || !cli.err.isTerminal ? archive : watched(cli.err, archive, name);
    if (path === '') for await (const chunk of shown) cli.out.write(chunk);
    else await writeOutputFile(path, shown);
    return 0;
  },
};

/** Yields the same chunks, and shows their number of bytes in a terminal. */
async function* watched(err: Output, archive: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let total = 0;
  let drawn = Date.now();
  for await (const chunk of archive) {
    yield chunk;
    total += chunk.length;
    if (Date.now() - drawn < REDRAW_MS) continue;
    drawn = Date.now();
    err.write(`\r\x1b[2K${name}: Exporting ${humanSize(total, 3)}`);
  }
  err.write(`\r\x1b[2K${name}: Exported ${humanSize(total, 3)}\n`);
}
