import { inspectVolumeText } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

export const inspect: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  examples: ['volume inspect data', "volume inspect -f '{{.Mountpoint}}' data"],
  flags: [flag('-f, --format', 'string', "Format output: 'json' or a Go template")],
  run: (cli, names, flags) =>
    printInspected(cli, {
      names,
      format: flags.string('format'),
      fetch: (name) => inspectVolumeText(cli.client, name),
    }),
};
