import { restartContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../for-each.ts';
import { STOP_FLAGS, stopOptions } from './stop.ts';

export const restart: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['restart web', 'restart -t 1 web'],
  flags: STOP_FLAGS,
  run: (cli, names, flags) =>
    forEach(cli, names, async (name) => {
      await restartContainer(cli.client, name, stopOptions(flags));
      return name;
    }),
};
