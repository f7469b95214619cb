import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

export const inspectNetwork: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: atLeast(1),
  examples: ['network inspect bridge', "network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' bridge"],
  flags: [
    flag('-f, --format', 'string', "Format output: 'json' or a Go template"),
    flag('-v, --verbose', 'bool', 'Include details for diagnostics'),
  ],
  run: (cli, names, flags) =>
    printInspected(cli, {
      names,
      format: flags.string('format'),
      fetch: async (name) =>
        (
          await cli.client.request({
            method: 'GET',
            path: `/networks/${pathSegment(name)}`,
            query: { verbose: flags.bool('verbose') || undefined },
          })
        ).text(),
    }),
};
