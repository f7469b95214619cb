import { inspectImageText } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';
import { platformOf } from './platform.ts';

export const inspect: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  examples: ['image inspect busybox', "image inspect -f '{{.Config.Cmd}}' busybox"],
  flags: [
    flag('-f, --format', 'string', "Format output: 'json' or a Go template"),
    flag('--platform', 'string', 'Select a platform of a multi-platform image (os[/arch[/variant]])'),
  ],
  run: (cli, names, flags) =>
    printInspected(cli, {
      names,
      format: flags.string('format'),
      fetch: async (name) => inspectImageText(cli.client, name, platformOf(flags.string('platform'))),
    }),
};
