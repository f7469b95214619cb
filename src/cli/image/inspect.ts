import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';
import { platformQuery } from './platform.ts';

export const inspectImage: Command = {
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
      fetch: async (name) => {
        const query = { platform: platformQuery(flags.string('platform')) };
        return (await cli.client.request({ method: 'GET', path: `/images/${pathSegment(name)}/json`, query })).text();
      },
    }),
};
