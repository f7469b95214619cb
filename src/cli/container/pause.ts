import { pauseContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../for-each.ts';

export const pause: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['pause web'],
  flags: [],
  run: (cli, names) =>
    forEach(cli, names, async (name) => {
      await pauseContainer(cli.client, name);
      return name;
    }),
};
