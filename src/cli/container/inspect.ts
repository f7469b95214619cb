import { inspectContainerText } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

export const inspect: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['container inspect web', "container inspect -f '{{.State.Status}}' web"],
  flags: [
    flag('-f, --format', 'string', "Format output: 'json' or a Go template"),
    flag('-s, --size', 'bool', 'Display total file sizes'),
  ],
  run: (cli, names, flags) =>
    printInspected(cli, {
      names,
      format: flags.string('format'),
      fetch: (name) => inspectContainerText(cli.client, name, { size: flags.bool('size') }),
    }),
};
