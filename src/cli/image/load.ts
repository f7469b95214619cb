import { open } from 'node:fs/promises';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { loadImages } from '../../client/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { platformsOf } from './platform.ts';

export const load: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['load -i images.tar', 'load < images.tar.gz'],
  flags: [
    flag('-i, --input', 'string', 'Read from a file instead of standard input'),
    flag('--platform', 'stringSlice', 'Load only the given platform (os[/arch[/variant]])'),
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
  ],
  async run(cli, _args, flags) {
    const path = flags.string('input');
    if (path === '' && cli.stdinIsTerminal) throw new CliError(1, 'requested load from stdin, but stdin is empty');
    const source = await openInput(path);
    const quiet = flags.bool('quiet') || !cli.out.isTerminal;
    const platforms = platformsOf(flags.list('platform'));
    await drawProgress(await loadImages(cli.client, source, { quiet, platforms }), cli.out);
    return 0;
  },
};

/** Opens a file as a stream; '' and `-` mean standard input. @throws CliError in docker's words */
export async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '' || path === '-') return process.stdin;
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) throw new CliError(1, `read ${path}: is a directory`);
    return file.createReadStream({ highWaterMark: 1 << 18 });
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : messageOf(error);
    throw new CliError(1, `open ${path}: ${why}`, { cause: error });
  }
}
