import { inspectNetworkText } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

export const inspect: Command = {
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
      fetch: (name) => inspectNetworkText(cli.client, name, { verbose: flags.bool('verbose') }),
    }),
};
