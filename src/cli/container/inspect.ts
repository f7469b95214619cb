import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

export const inspectContainer: Command = {
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
      fetch: async (name) => {
        const query = flags.bool('size') ? { size: true } : {};
        const response = await cli.client.request({
          method: 'GET',
          path: `/containers/${pathSegment(name)}/json`,
          query,
        });
        return response.text();
      },
    }),
};
