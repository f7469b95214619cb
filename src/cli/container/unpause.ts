import { unpauseContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../for-each.ts';

export const unpause: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['unpause web'],
  flags: [],
  run: (cli, names) =>
    forEach(cli, names, async (name) => {
      await unpauseContainer(cli.client, name);
      return name;
    }),
};
