import { waitContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../for-each.ts';

export const wait: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['wait job'],
  flags: [],
  run: (cli, names) =>
    forEach(cli, names, async (name) => {
      const { exitCode } = await waitContainer(cli.client, name, 'not-running');
      return String(await exitCode);
    }),
};
