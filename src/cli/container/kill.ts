import { killContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { forEach } from '../for-each.ts';

export const kill: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['kill web', 'kill -s HUP web'],
  flags: [flag('-s, --signal', 'string', 'Set the signal to send to the container')],
  run: (cli, names, flags) =>
    forEach(cli, names, async (name) => {
      await killContainer(cli.client, name, flags.string('signal'));
      return name;
    }),
};
