import { archiveOf, copyFrom, copyTo, unpackInto } from '../../archives/index.ts';
import type { ContainerPath } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { copyProgress } from './copy-progress.ts';

export const cp: Command = {
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tgantry cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  args: exactly(2),
  examples: ['cp web:/etc/nginx/nginx.conf .', 'cp site/. web:/usr/share/nginx/html', 'cp web:/var/log - | tar tv'],
  details:
    "Use - as the source to read a tar archive from standard input, or as the destination to write one to standard output. Use 'dir/.' to copy the contents of a directory instead of the directory.",
  flags: [
    flag('-a, --archive', 'bool', 'Copy all UID and GID information (archive mode)'),
    flag('-L, --follow-link', 'bool', 'Follow symbolic links in SRC_PATH'),
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
  ],
  async run(cli, [source = '', target = ''], flags) {
    if (source === '') throw new CliError(1, 'source can not be empty');
    if (target === '') throw new CliError(1, 'destination can not be empty');
    const from = splitArgument(source);
    const to = splitArgument(target);
    const options = {
      ownedByUser: flags.bool('archive'),
      followLink: flags.bool('follow-link'),
      quiet: flags.bool('quiet') || !cli.err.isTerminal,
    };
    if (from.container !== '' && to.container !== '')
      throw new CliError(1, 'copying between containers is not supported');
    if (from.container !== '') await fromContainer(cli, from, target, options);
    else if (to.container !== '') await intoContainer(cli, source, to, options);
    else throw new CliError(1, 'must specify at least one container source');
    return 0;
  },
};

interface CopyOptions {
  readonly ownedByUser: boolean;
  readonly followLink: boolean;
  readonly quiet: boolean;
}

async function fromContainer(cli: Cli, from: ContainerPath, target: string, options: CopyOptions): Promise<void> {
  if (target === '-') {
    for await (const chunk of await archiveOf(cli.client, from, options)) cli.out.write(chunk);
    return;
  }
  const progress = copyProgress(cli.err, { quiet: options.quiet, to: 'here' });
  await copyFrom({ engine: cli.client, ...progress }, from, target, options);
  progress.done(target);
}

async function intoContainer(cli: Cli, source: string, to: ContainerPath, options: CopyOptions): Promise<void> {
  if (source === '-') return unpackInto({ engine: cli.client, onBytes() {} }, process.stdin, to, options);
  const progress = copyProgress(cli.err, { quiet: options.quiet, to: 'container' });
  await copyTo({ engine: cli.client, ...progress }, source, to, options);
  progress.done(`${to.container}:${to.path}`);
}

/** Parses `CONTAINER:PATH`. A path that is absolute, begins with a dot or has no colon is local. */
function splitArgument(argument: string): ContainerPath {
  const colon = argument.indexOf(':');
  if (argument.startsWith('/') || argument.startsWith('.') || colon < 0) return { container: '', path: argument };
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}
